import { Action, type Grant, type UsableTarget } from '@sallyport/contracts/access_control/v1/access'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import { decision, decisionOf, target, targetOf } from './decisions.ts'
import type { Endpoints } from './endpoint-table.ts'
import { flagText, id, line, momentReply, textReply } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, textOf, wireEnum } from './wire.ts'

const grantActions = wireEnum([
  ['view', Action.VIEW],
  ['session', Action.SESSION],
  ['rotate', Action.ROTATE],
])

const usableTarget = z.object({ target, view: decision, session: decision }).meta({ id: 'UsableTarget' })

const grant = z
  .object({
    id: z.string(),
    userId: z.string(),
    userName: z.string(),
    loginSessionId: textReply,
    target,
    action: grantActions.schema,
    requestId: textReply,
    issuedAt: momentReply,
    endsAt: momentReply.describe('When what it gave must end'),
    revokedAt: momentReply,
    revokedReason: textReply,
  })
  .meta({ id: 'Grant' })

const grantFilters = z.strictObject({
  ...pageQuery,
  userId: id.optional(),
  requestId: id.optional(),
  live: flagText.optional().describe('Only those that are neither ended nor revoked'),
})

/** What one may use, and what has been granted. */
export const grantEndpoints = ({
  grants,
}: Pick<Upstreams, 'grants'>): Endpoints<'listTargets' | 'listGrants'> => ({
  listTargets: endpoint({
    summary: 'Lists what you may use, and on what conditions',
    input: {
      query: z.strictObject({
        ...pageQuery,
        search: line(200).default('').describe('Part of the device name, address or username'),
      }),
    },
    reply: pageOf(usableTarget),
    handle: async ({ query }, { to }) => {
      const request = { page: pageRequest(query), search: query.search }
      const answer = await grants.listUsableTargets(request, to('access-control'))
      return pageReply(answer.targets, answer.page, usableTargetOf)
    },
  }),
  listGrants: endpoint({
    summary: 'Lists grants with their ends: your own, or with `grant.read` everybody’s',
    input: { query: grantFilters },
    reply: pageOf(grant),
    handle: async ({ query }, { to }) => {
      const request = {
        page: pageRequest(query),
        userId: query.userId ?? '',
        requestId: query.requestId ?? '',
        liveOnly: query.live ?? false,
      }
      const answer = await grants.listGrants(request, to('access-control'))
      return pageReply(answer.grants, answer.page, grantOf)
    },
  }),
})

const usableTargetOf = (message: UsableTarget): z.input<typeof usableTarget> => ({
  target: targetOf(message.target),
  view: decisionOf(message.view),
  session: decisionOf(message.session),
})

const grantOf = (message: Grant): z.input<typeof grant> => ({
  ...message,
  target: targetOf(message.target),
  action: grantActions.toJson(message.action),
  loginSessionId: textOf(message.loginSessionId),
  requestId: textOf(message.requestId),
  issuedAt: momentOf(message.issuedAt),
  endsAt: momentOf(message.endsAt),
  revokedAt: momentOf(message.revokedAt),
  revokedReason: textOf(message.revokedReason),
})
