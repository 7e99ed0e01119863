import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from './logger.ts'
import type { Meter } from './metrics.ts'

/** Whether a part is there. What it throws, and no answer within a second, mean that it is not. */
export type HealthCheck = () => boolean | Promise<unknown>

export type HealthOptions = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What the service cannot work without, by name. */
  readonly needs: Readonly<Record<string, HealthCheck>>
  /** What it can do without for a while. */
  readonly uses?: Readonly<Record<string, HealthCheck>>
  /** What `/metrics` tells. */
  readonly meter: Pick<Meter, 'text'>
  readonly log: Pick<Logger, 'warn'>
}

export type HealthServer = AsyncDisposable & { readonly address: string }

type Health = { readonly status: 'ok' | 'degraded' | 'unavailable'; readonly missing: readonly string[] }

const answersWithinMs = 1_000
/** Whoever can reach the port may ask as often as they like; the parts are asked once in this time. */
const keptMs = 1_000
const maxConnections = 64

/**
 * Serves, in clear and to everybody who reaches the port, `/livez`: the process answers; `/readyz`: whether the service can
 * do its work, and by name what is missing, 503 when that is something it needs; and `/metrics`: numbers, in Prometheus'
 * format. Nothing else is told.
 */
export const serveHealth = async (options: HealthOptions): Promise<HealthServer> => {
  const health = remembered(() => look(options))
  const metrics = remembered(() => options.meter.text())
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, {})
    if (request.url === '/livez') return send(response, 200, { status: 'ok' })
    if (request.url === '/readyz')
      return void health().then(found => send(response, found.status === 'unavailable' ? 503 : 200, found))
    if (request.url !== '/metrics') return send(response, 404, {})
    void metrics().then(
      text => sendText(response, text),
      (err: unknown) => {
        options.log.warn({ err }, 'Metrics could not be read')
        send(response, 500, {})
      },
    )
  })
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `${options.host}:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const sendText = (response: ServerResponse, text: string): void => {
  response.writeHead(200, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store',
  })
  response.end(text)
}

const look = async ({ needs, uses = {}, log }: HealthOptions): Promise<Health> => {
  const [needed, used] = await Promise.all([missingOf(needs, log), missingOf(uses, log)])
  const status = needed.length > 0 ? 'unavailable' : used.length > 0 ? 'degraded' : 'ok'
  return { status, missing: [...needed, ...used] }
}

const missingOf = async (
  checks: Readonly<Record<string, HealthCheck>>,
  log: HealthOptions['log'],
): Promise<readonly string[]> => {
  const found = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ((await isThere(name, check, log)) ? [] : [name])),
  )
  return found.flat()
}

const isThere = async (name: string, check: HealthCheck, log: HealthOptions['log']): Promise<boolean> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('It did not answer in time')), answersWithinMs)
  try {
    return (await Promise.race([check(), late.promise])) !== false
  } catch (err) {
    log.warn({ err, missing: name }, 'A part that was looked for is missing')
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** Asks once for all who ask at the same time or soon after. */
const remembered = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined
  return () => {
    const now = performance.now()
    if (!last || now - last.at > keptMs) last = { at: now, answer: ask() }
    return last.answer
  }
}
