import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify'
import type { RouteRow } from '../http/route-row.ts'
import { answerWith } from './answer.ts'
import { documented } from './documentation.ts'
import type { Endpoint } from './endpoint.ts'
import type { ExchangeDeps } from './exchange-of.ts'
import type { createGate } from './gate.ts'
import { livePath, readyPath } from './health.ts'
import { documentPath, pagePath } from './openapi.ts'
import type { Places } from './places.ts'

/** Everything that answers without a row, and so without a sign-in. */
const isPublic = (url: string): boolean =>
  [livePath, readyPath, documentPath, pagePath].includes(url) || url.startsWith(`${pagePath}/`)

/** Makes the start fail if a route has no row. Must come before all routes. */
export const refuseRoutesWithoutRow = (app: FastifyInstance): void => {
  app.addHook('onRoute', ({ url, config }: RouteOptions) => {
    if (!config?.row && !isPublic(url)) throw new Error(`The route ${url} has no row`)
  })
}

export type Routes<Name extends string> = {
  readonly rows: Readonly<Record<Name, RouteRow>>
  readonly endpoints: Readonly<Record<Name, Endpoint>>
}

/** Registers every endpoint under its row: the gate before the body is read, then the endpoint. */
export const registerRoutes = <Name extends string>(
  app: FastifyInstance,
  { rows, endpoints }: Routes<Name>,
  deps: ExchangeDeps & {
    readonly gate: ReturnType<typeof createGate>
    readonly places: Pick<Places, 'enterAgain'>
  },
): void => {
  for (const name in rows) {
    const row = rows[name]
    const endpoint = endpoints[name]
    const { method, path } = splitUrl(row.url)
    app.route({
      method,
      url: path,
      config: { row },
      schema: documented(name, row, endpoint),
      onRequest: deps.gate(row),
      preHandler: async request => {
        request.leave = await deps.places.enterAgain(row)
      },
      handler: answerWith(row, endpoint, deps),
    })
  }
}

const splitUrl = (url: RouteRow['url']): { method: HTTPMethods; path: string } => {
  const [method = '', path = ''] = url.split(' ')
  return { method, path }
}
