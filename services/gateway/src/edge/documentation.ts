import type { FastifySchema } from 'fastify'
import { z } from 'zod'
import type { RouteRow } from '../http/route-row.ts'
import type { Endpoint } from './endpoint.ts'
import { problemSchema } from './problem.ts'

type Reply = { readonly description: string; readonly content: Record<string, { schema: z.ZodType }> }

/** What the OpenAPI document says of one route: all of it from its row and its endpoint. */
export const documented = (name: string, row: RouteRow, endpoint: Endpoint): FastifySchema => ({
  operationId: name,
  summary: endpoint.summary,
  description: descriptionOf(row),
  tags: [tagOf(row)],
  security: row.needs === 'nothing' ? [] : [{ session: [] }, { bearer: [] }],
  ...(endpoint.input.params && { params: endpoint.input.params }),
  ...(endpoint.input.query && { querystring: endpoint.input.query }),
  ...(endpoint.input.body && { body: endpoint.input.body }),
  response: { [endpoint.status]: replyOf(endpoint), ...problemReplies(row, endpoint) },
})

const descriptionOf = (row: RouteRow): string => {
  const sentences = [needOf(row)]
  if (row.ifMatch) sentences.push('Needs `If-Match` with the object’s ETag.')
  if (row.ifMatch === 'or-none') sentences.push('For a new one: `If-None-Match: *`.')
  if (!row.url.startsWith('GET ')) sentences.push('Takes an `Idempotency-Key`.')
  return sentences.join(' ')
}

const needOf = ({ needs }: RouteRow): string => {
  if (needs === 'nothing') return 'Needs no sign-in.'
  if (needs === 'sign-in') return 'For every signed-in user; what one may see or do depends on the object.'
  return `Needs the permission \`${needs}\`.`
}

/** `POST /v1/devices/:id` belongs to `devices`. */
const tagOf = ({ url }: RouteRow): string => url.split('/')[2] ?? 'other'

/** No reply is written as null: it documents a response without content. */
const replyOf = ({ reply, summary }: Endpoint): Reply | z.ZodNull =>
  reply
    ? { description: summary, content: { [reply.contentType]: { schema: reply.schema } } }
    : z.null().describe('Done')

const problemReplies = (row: RouteRow, endpoint: Endpoint): Record<number, Reply> => {
  const unsafe = !row.url.startsWith('GET ')
  const told: [number, string, boolean][] = [
    [400, 'The request is not valid', true],
    [401, 'Sign in first, or the sign-in failed', true],
    [403, 'The caller may not do this', true],
    [404, 'There is no such object, as far as the caller may know', true],
    [409, 'It does not fit the state of things', unsafe],
    [412, 'Somebody else changed it; or the version is not the one in If-Match', row.ifMatch !== undefined],
    [413, 'The body is too large', endpoint.input.body !== undefined],
    [415, 'The content type must be application/json', true],
    [428, 'If-Match is missing', row.ifMatch !== undefined],
    [429, 'Too many requests; see Retry-After', true],
    [500, 'Internal error', true],
    [503, 'A part of Sallyport cannot be reached', true],
    [504, 'It took too long', true],
  ]
  return Object.fromEntries(
    told
      .filter(([, , applies]) => applies)
      .map(([status, description]) => [status, problemReply(description)]),
  )
}

const problemReply = (description: string): Reply => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})
