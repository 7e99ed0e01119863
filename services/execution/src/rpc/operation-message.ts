import {
  type Operation as OperationMessage,
  OperationState,
  Trigger,
} from '@sallyport/contracts/execution/v1/execution'
import { SallyportError } from '@sallyport/errors/error'
import type { OperationState as State } from '../domain/operation/state.ts'
import type { Operation } from '../generated/prisma/client.ts'
import type { Tx } from '../store/store.ts'

const states: Record<State, OperationState> = {
  scheduled: OperationState.SCHEDULED,
  running: OperationState.RUNNING,
  succeeded: OperationState.SUCCEEDED,
  failed: OperationState.FAILED,
  unknown: OperationState.UNKNOWN,
  canceled: OperationState.CANCELED,
}

const triggers: Record<string, Trigger> = {
  request: Trigger.REQUEST,
  reveal: Trigger.REVEAL,
  session: Trigger.SESSION,
  window: Trigger.WINDOW,
  custody: Trigger.CUSTODY,
}

/** A column's text as what it can only be: the table's own check says so. */
export const stateOf = (text: string): State => {
  const state = Object.keys(states).find(name => name === text)
  if (state === undefined) throw new SallyportError('internal')
  return state as State
}

/** The filter of a list; undefined: any state. */
export const stateFilter = (wire: OperationState): State | undefined => {
  if (wire === OperationState.UNSPECIFIED) return undefined
  const found = Object.entries(states).find(([, value]) => value === wire)
  if (found === undefined) throw new SallyportError('request.invalid', 'state is not one of the known states')
  return stateOf(found[0])
}

export const operationMessage = (row: Operation): OperationMessage => ({
  id: row.id,
  type: row.type,
  state: states[stateOf(row.state)],
  trigger: triggers[row.trigger] ?? Trigger.UNSPECIFIED,
  causeId: row.causeId,
  credentialId: row.credentialId,
  deviceId: row.deviceId,
  templateId: row.templateId,
  templateVersion: row.templateVersion,
  attempts: row.attempts,
  maxAttempts: row.maxAttempts,
  dueAt: row.dueAt,
  createdAt: row.createdAt,
  endedAt: row.endedAt ?? undefined,
  requestedByUserId: row.requestedByUserId ?? '',
  message: row.message,
  version: row.version,
})

/** Throws `operation.not_found`. */
export const findOperation = async (tx: Tx, id: string): Promise<Operation> => {
  const row = await tx.operation.findUnique({ where: { id } })
  if (row === null) throw new SallyportError('operation.not_found')
  return row
}
