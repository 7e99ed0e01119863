import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { RouteRow } from '../http/route-row.ts'
import type { Endpoint } from './endpoint.ts'
import { type ExchangeDeps, exchangeOf } from './exchange-of.ts'
import { etagOf } from './preconditions.ts'
import { openedStream } from './streams.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** The handler of a route: runs the endpoint and sends what it gives. */
export const answerWith =
  (row: RouteRow, endpoint: Endpoint, deps: ExchangeDeps): Handler =>
  async (request, reply) => {
    const exchange = exchangeOf(row, request, reply, deps)
    const { params, query, body } = request
    const outcome = await endpoint.run({ params, query, body }, exchange)
    reply.code(endpoint.status)
    if (outcome.kind === 'nothing') return reply.send()
    if (outcome.kind === 'stream') {
      return reply.type(outcome.contentType).send(await openedStream(outcome.pieces))
    }
    describeObject(request, reply, endpoint.status, outcome.value)
    return reply.send(outcome.value)
  }

const described = z.object({ id: z.string().optional(), version: z.number().optional() })

/** Headers that tell of the object in the reply: its version as ETag, and where a new one is. */
const describeObject = (
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  value: unknown,
): void => {
  const { data: object } = described.safeParse(value)
  if (object?.version) reply.header('etag', etagOf(object.version))
  if (status === 201 && object?.id) reply.header('location', `${request.routeOptions.url}/${object.id}`)
}
