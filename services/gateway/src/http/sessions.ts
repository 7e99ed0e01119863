import { type Session, SessionState } from '@sallyport/contracts/session_proxy/v1/sessions'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, momentReply, name, textReply } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { countOf, momentOf, present, textOf, wireEnum } from './wire.ts'

const states = wireEnum([
  ['live', SessionState.LIVE],
  ['ended', SessionState.ENDED],
])

const filters = z.strictObject({
  ...pageQuery,
  state: states.schema.optional(),
  userId: id.optional(),
  credentialId: id.optional(),
  requestId: id.optional(),
})

const session = z
  .object({
    id: z.string(),
    userId: z.string(),
    userName: z.string(),
    credentialId: z.string(),
    deviceId: z.string(),
    targetName: z.string().describe('Such as `root@web-1`'),
    protocol: z.string(),
    kind: z.string().describe('`shell` or `exec`'),
    command: textReply.describe('For `exec`'),
    sourceAddress: z.string(),
    grantId: z.string(),
    requestId: textReply,
    state: states.schema,
    startedAt: momentReply,
    endsAt: momentReply.describe('When it will be cut'),
    endedAt: momentReply,
    endReason: textReply,
    endDetail: textReply,
    exitStatus: z.int().nullable(),
    recordedBytes: z.int(),
  })
  .meta({ id: 'Session' })

/** Mediated sessions: seeing and cutting them. */
export const sessionEndpoints = ({
  sessions,
}: Pick<Upstreams, 'sessions'>): Endpoints<'listSessions' | 'getSession' | 'terminateSession'> => ({
  listSessions: endpoint({
    summary: 'Lists sessions: your own, or with `session.read` everybody’s',
    input: { query: filters },
    reply: pageOf(session),
    handle: async ({ query }, { to }) => {
      const request = {
        page: pageRequest(query),
        state: query.state ? states.toWire(query.state) : SessionState.UNSPECIFIED,
        userId: query.userId ?? '',
        credentialId: query.credentialId ?? '',
        requestId: query.requestId ?? '',
      }
      const answer = await sessions.listSessions(request, to('session-proxy'))
      return pageReply(answer.sessions, answer.page, sessionOf)
    },
  }),
  getSession: endpoint({
    summary: 'Reads a session',
    input: { params: byId },
    reply: session,
    handle: async ({ params }, { to }) =>
      sessionOf((await sessions.getSession(params, to('session-proxy'))).session),
  }),
  terminateSession: silentEndpoint({
    summary: 'Cuts a live session; its user is told the reason',
    input: { params: byId, body: z.strictObject({ reason: name(500) }) },
    handle: ({ params, body }, { to }) =>
      sessions.terminateSession({ ...params, ...body }, to('session-proxy')),
  }),
})

const sessionOf = (message: Session | undefined): z.input<typeof session> => {
  const found = present(message)
  return {
    ...found,
    command: textOf(found.command),
    requestId: textOf(found.requestId),
    state: states.toJson(found.state),
    startedAt: momentOf(found.startedAt),
    endsAt: momentOf(found.endsAt),
    endedAt: momentOf(found.endedAt),
    endReason: textOf(found.endReason),
    endDetail: textOf(found.endDetail),
    exitStatus: found.exitStatus ?? null,
    recordedBytes: countOf(found.recordedBytes),
  }
}
