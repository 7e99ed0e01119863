import {
  type AccessRequest,
  type ApprovalRecord,
  RequestScope,
  RequestState,
} from '@sallyport/contracts/access_control/v1/access'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import { actions, requestStates, target, targetOf } from './decisions.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, moment, momentReply, paragraph } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present, wireEnum } from './wire.ts'

const scopes = wireEnum([
  ['mine', RequestScope.MINE],
  ['to-decide', RequestScope.TO_DECIDE],
  ['all', RequestScope.ALL],
])

const draft = z.strictObject({
  credentialId: id,
  deviceId: id,
  action: actions.schema,
  justification: paragraph(4_000).default(''),
  start: moment.optional().describe('Absent: from now'),
  end: moment.optional().describe('Absent: an hour after the start, or what policy allows if that is less'),
})

const comment = paragraph(4_000).default('')

const approval = z.strictObject({
  comment,
  start: moment.optional().describe('Absent: as asked for'),
  end: moment.optional().describe('Absent: as asked for'),
})

const withComment = z.strictObject({ comment })

const filters = z.strictObject({
  ...pageQuery,
  scope: scopes.schema.default('mine').describe('`to-decide`: pending ones that you may decide'),
  state: requestStates.schema.optional(),
})

const approvalRecord = z.object({
  approverId: z.string(),
  approverName: z.string(),
  approved: z.boolean(),
  comment: z.string(),
  decidedAt: momentReply,
})

const request = z
  .object({
    id: z.string(),
    requesterId: z.string(),
    requesterName: z.string(),
    target,
    action: actions.schema,
    state: requestStates.schema,
    justification: z.string(),
    requestedStart: momentReply,
    requestedEnd: momentReply,
    start: momentReply.describe('Of the window in force'),
    end: momentReply.describe('Of the window in force'),
    approvalsNeeded: z.int(),
    approvals: z.array(approvalRecord),
    approverNames: z.array(z.string()).describe('Who may decide'),
    createdAt: momentReply,
    version: z.int(),
  })
  .meta({ id: 'AccessRequest' })

/** Access requests, and the decisions that people make on them. */
export const requestEndpoints = ({
  requests,
}: Pick<Upstreams, 'requests'>): Endpoints<
  | 'createRequest'
  | 'listRequests'
  | 'getRequest'
  | 'approveRequest'
  | 'disapproveRequest'
  | 'cancelRequest'
  | 'revokeRequest'
> => ({
  createRequest: endpoint({
    summary: 'Asks for access to a target for a window of time',
    input: { body: draft },
    status: 201,
    reply: request,
    handle: async ({ body }, { to }) => {
      const wanted = { ...body, action: actions.toWire(body.action), start: body.start, end: body.end }
      return requestOf((await requests.createRequest(wanted, to('access-control'))).request)
    },
  }),
  listRequests: endpoint({
    summary: 'Lists requests: yours, those that you may decide, or with `request.read` all',
    input: { query: filters },
    reply: pageOf(request),
    handle: async ({ query }, { to }) => {
      const asked = {
        scope: scopes.toWire(query.scope),
        state: query.state ? requestStates.toWire(query.state) : RequestState.UNSPECIFIED,
        page: pageRequest(query),
      }
      const answer = await requests.listRequests(asked, to('access-control'))
      return pageReply(answer.requests, answer.page, requestOf)
    },
  }),
  getRequest: endpoint({
    summary: 'Reads a request',
    input: { params: byId },
    reply: request,
    handle: async ({ params }, { to }) =>
      requestOf((await requests.getRequest(params, to('access-control'))).request),
  }),
  approveRequest: endpoint({
    summary: 'Adds your approval, optionally with another window',
    input: { params: byId, body: approval },
    reply: request,
    handle: async ({ params, body }, { version, to }) => {
      const decided = { ...params, version, comment: body.comment, start: body.start, end: body.end }
      return requestOf((await requests.approveRequest(decided, to('access-control'))).request)
    },
  }),
  disapproveRequest: endpoint({
    summary: 'Refuses a request',
    input: { params: byId, body: withComment },
    reply: request,
    handle: async ({ params, body }, { version, to }) => {
      const decided = { ...params, ...body, version }
      return requestOf((await requests.disapproveRequest(decided, to('access-control'))).request)
    },
  }),
  cancelRequest: endpoint({
    summary: 'Withdraws your own request; what it gave ends',
    input: { params: byId },
    reply: request,
    handle: async ({ params }, { version, to }) =>
      requestOf((await requests.cancelRequest({ ...params, version }, to('access-control'))).request),
  }),
  revokeRequest: endpoint({
    summary: 'Takes back an approved request; what it gave ends',
    input: { params: byId, body: withComment },
    reply: request,
    handle: async ({ params, body }, { version, to }) => {
      const decided = { ...params, ...body, version }
      return requestOf((await requests.revokeRequest(decided, to('access-control'))).request)
    },
  }),
})

const requestOf = (message: AccessRequest | undefined): z.input<typeof request> => {
  const found = present(message)
  return {
    ...found,
    target: targetOf(found.target),
    action: actions.toJson(found.action),
    state: requestStates.toJson(found.state),
    requestedStart: momentOf(found.requestedStart),
    requestedEnd: momentOf(found.requestedEnd),
    start: momentOf(found.start),
    end: momentOf(found.end),
    approvals: found.approvals.map(approvalOf),
    createdAt: momentOf(found.createdAt),
  }
}

const approvalOf = (message: ApprovalRecord): z.input<typeof approvalRecord> => ({
  ...message,
  decidedAt: momentOf(message.decidedAt),
})
