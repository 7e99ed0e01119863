import {
  type ApiToken,
  LoginChannel,
  type LoginSession,
} from '@sallyport/contracts/access_control/v1/authentication'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, moment, momentReply, name } from './fields.ts'
import { onlyPage, pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present, wireEnum } from './wire.ts'

const channels = wireEnum([
  ['web', LoginChannel.WEB],
  ['ssh', LoginChannel.SSH],
])

const loginSession = z
  .object({
    id: z.string(),
    userId: z.string(),
    channel: channels.schema,
    sourceAddress: z.string(),
    createdAt: momentReply,
    lastUsedAt: momentReply,
    expiresAt: momentReply,
    current: z.boolean().describe('The one that asks'),
  })
  .meta({ id: 'LoginSession' })

const apiToken = z
  .object({
    id: z.string(),
    name: z.string(),
    permissions: z.array(z.string()),
    userId: z.string(),
    expiresAt: momentReply,
    createdAt: momentReply,
    lastUsedAt: momentReply,
    revokedAt: momentReply,
  })
  .meta({ id: 'ApiToken' })

const tokenDraft = z.strictObject({
  name: name(),
  permissions: z.array(name(64)).max(200).describe('Never more than you have yourself when it is used'),
  expiresAt: moment,
})

/** What a user is signed in with: login sessions, and API tokens for programs. */
export const loginSessionEndpoints = ({
  authentication,
}: Pick<Upstreams, 'authentication'>): Endpoints<
  'listLoginSessions' | 'endLoginSession' | 'createApiToken' | 'listApiTokens' | 'revokeApiToken'
> => ({
  listLoginSessions: endpoint({
    summary: 'Lists login sessions: your own, or with `user.manage` another user’s',
    input: { query: z.strictObject({ ...pageQuery, userId: id.optional() }) },
    reply: pageOf(loginSession),
    handle: async ({ query }, { to }) => {
      const request = { userId: query.userId ?? '', page: pageRequest(query) }
      const answer = await authentication.listLoginSessions(request, to('access-control'))
      return pageReply(answer.sessions, answer.page, loginSessionOf)
    },
  }),
  endLoginSession: silentEndpoint({
    summary: 'Ends a login session and everything it gave',
    input: { params: byId },
    handle: ({ params }, { to }) => authentication.endLoginSession(params, to('access-control')),
  }),
  createApiToken: endpoint({
    summary: 'Creates an API token; the token itself is in this reply only',
    input: { body: tokenDraft },
    status: 201,
    reply: z.object({ apiToken, token: z.string() }),
    handle: async ({ body }, { to }) => {
      const answer = await authentication.createApiToken(body, to('access-control'))
      return { apiToken: apiTokenOf(answer.apiToken), token: answer.token }
    },
  }),
  listApiTokens: endpoint({
    summary: 'Lists your API tokens',
    input: { query: onlyPage },
    reply: pageOf(apiToken),
    handle: async ({ query }, { to }) => {
      const answer = await authentication.listApiTokens({ page: pageRequest(query) }, to('access-control'))
      return pageReply(answer.apiTokens, answer.page, apiTokenOf)
    },
  }),
  revokeApiToken: silentEndpoint({
    summary: 'Revokes an API token and everything it gave',
    input: { params: byId },
    handle: ({ params }, { to }) => authentication.revokeApiToken(params, to('access-control')),
  }),
})

const loginSessionOf = (message: LoginSession): z.input<typeof loginSession> => ({
  ...message,
  channel: channels.toJson(message.channel),
  createdAt: momentOf(message.createdAt),
  lastUsedAt: momentOf(message.lastUsedAt),
  expiresAt: momentOf(message.expiresAt),
})

const apiTokenOf = (message: ApiToken | undefined): z.input<typeof apiToken> => {
  const found = present(message)
  return {
    ...found,
    expiresAt: momentOf(found.expiresAt),
    createdAt: momentOf(found.createdAt),
    lastUsedAt: momentOf(found.lastUsedAt),
    revokedAt: momentOf(found.revokedAt),
  }
}
