import {
  type Attempt,
  type Operation,
  OperationState,
  Trigger,
} from '@sallyport/contracts/execution/v1/execution'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, momentReply, textReply } from './fields.ts'
import { onlyPage, pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present, textOf, wireEnum } from './wire.ts'

const states = wireEnum([
  ['scheduled', OperationState.SCHEDULED],
  ['running', OperationState.RUNNING],
  ['succeeded', OperationState.SUCCEEDED],
  ['failed', OperationState.FAILED],
  ['unknown', OperationState.UNKNOWN],
  ['canceled', OperationState.CANCELED],
])

const triggers = wireEnum([
  ['request', Trigger.REQUEST],
  ['reveal', Trigger.REVEAL],
  ['session', Trigger.SESSION],
  ['window', Trigger.WINDOW],
  ['custody', Trigger.CUSTODY],
])

export type OperationReply = {
  id: string
  type: string
  state: 'scheduled' | 'running' | 'succeeded' | 'failed' | 'unknown' | 'canceled'
  trigger: 'request' | 'reveal' | 'session' | 'window' | 'custody'
  causeId: string | null
  credentialId: string
  deviceId: string
  templateId: string
  templateVersion: number
  attempts: number
  maxAttempts: number
  dueAt: string | null
  createdAt: string | null
  endedAt: string | null
  requestedByUserId: string | null
  message: string
  version: number
}

/** An order to run a template against a target. */
export const operation: z.ZodType<OperationReply, OperationReply> = z
  .object({
    id: z.string(),
    type: z.string().describe('`change-password`'),
    state: states.schema.describe(
      '`failed`: the target has the vault’s current secret. `unknown`: the target could not be asked; both secrets are kept',
    ),
    trigger: triggers.schema,
    causeId: textReply.describe('The session, request, reveal or custody that pulled the trigger'),
    credentialId: z.string(),
    deviceId: z.string(),
    templateId: z.string(),
    templateVersion: z.int(),
    attempts: z.int(),
    maxAttempts: z.int(),
    dueAt: momentReply,
    createdAt: momentReply,
    endedAt: momentReply,
    requestedByUserId: textReply,
    message: z.string(),
    version: z.int(),
  })
  .meta({ id: 'Operation' })

const attempt = z
  .object({
    id: z.string(),
    number: z.int(),
    startedAt: momentReply,
    endedAt: momentReply,
    succeeded: z.boolean(),
    errorCode: textReply,
    message: z.string(),
    step: z.string().describe('The journal step that was reached'),
    log: z.array(z.string()).describe('With every secret masked when it was captured'),
  })
  .meta({ id: 'Attempt' })

const filters = z.strictObject({
  ...pageQuery,
  state: states.schema.optional(),
  credentialId: id.optional(),
})

/** Operations and their attempts. */
export const operationEndpoints = ({
  operations,
}: Pick<Upstreams, 'operations'>): Endpoints<
  'listOperations' | 'getOperation' | 'listAttempts' | 'cancelOperation' | 'restartOperation'
> => ({
  listOperations: endpoint({
    summary: 'Lists operations',
    input: { query: filters },
    reply: pageOf(operation),
    handle: async ({ query }, { to }) => {
      const request = {
        page: pageRequest(query),
        state: query.state ? states.toWire(query.state) : OperationState.UNSPECIFIED,
        credentialId: query.credentialId ?? '',
      }
      const answer = await operations.listOperations(request, to('execution'))
      return pageReply(answer.operations, answer.page, operationOf)
    },
  }),
  getOperation: endpoint({
    summary: 'Reads an operation',
    input: { params: byId },
    reply: operation,
    handle: async ({ params }, { to }) =>
      operationOf((await operations.getOperation(params, to('execution'))).operation),
  }),
  listAttempts: endpoint({
    summary: 'Lists an operation’s attempts with their masked logs',
    input: { params: byId, query: onlyPage },
    reply: pageOf(attempt),
    handle: async ({ params, query }, { to }) => {
      const request = { operationId: params.id, page: pageRequest(query) }
      const answer = await operations.listAttempts(request, to('execution'))
      return pageReply(answer.attempts, answer.page, attemptOf)
    },
  }),
  cancelOperation: endpoint({
    summary: 'Cancels an operation that is not running',
    input: { params: byId },
    reply: operation,
    handle: async ({ params }, { version, to }) =>
      operationOf((await operations.cancelOperation({ ...params, version }, to('execution'))).operation),
  }),
  restartOperation: endpoint({
    summary: 'Schedules a failed operation again',
    input: { params: byId },
    reply: operation,
    handle: async ({ params }, { version, to }) =>
      operationOf((await operations.restartOperation({ ...params, version }, to('execution'))).operation),
  }),
})

export const operationOf = (message: Operation | undefined): OperationReply => {
  const found = present(message)
  return {
    ...found,
    state: states.toJson(found.state),
    trigger: triggers.toJson(found.trigger),
    causeId: textOf(found.causeId),
    dueAt: momentOf(found.dueAt),
    createdAt: momentOf(found.createdAt),
    endedAt: momentOf(found.endedAt),
    requestedByUserId: textOf(found.requestedByUserId),
  }
}

const attemptOf = (message: Attempt): z.input<typeof attempt> => ({
  ...message,
  startedAt: momentOf(message.startedAt),
  endedAt: momentOf(message.endedAt),
  errorCode: textOf(message.errorCode),
})
