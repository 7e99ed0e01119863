import { recordAudit } from '@sallyport/audit-events/record'
import { CancelOperationRequest, CancelOperationResponse } from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { mayCancel } from '../domain/operation/state.ts'
import type { Store } from '../store/store.ts'
import { checkVersion, existingId } from './checks.ts'
import { findOperation, operationMessage, stateOf } from './operation-message.ts'
import { write } from './write.ts'

type Deps = { store: Store; clock: { now(): Date } }

export const cancelOperation =
  ({ store, clock }: Deps) =>
  (request: CancelOperationRequest, call: Call): Promise<CancelOperationResponse> => {
    const id = existingId(request.id, 'operation.not_found')
    return write(store, call, [request, CancelOperationRequest], CancelOperationResponse, async tx => {
      const before = await findOperation(tx, id)
      const state = stateOf(before.state)
      if (!mayCancel({ state, sent: before.sent })) throw new SallyportError('operation.not_cancelable')
      checkVersion(request.version, before.version)
      const { version } = before
      const data = { state: 'canceled', endedAt: clock.now(), version: version + 1 }
      const { count } = await tx.operation.updateMany({ where: { id, version, state }, data })
      if (count !== 1) throw new SallyportError('version.conflict')
      await recordAudit(sqlOf(tx), call, 'operation.canceled', {
        target: { kind: 'credential', id: before.credentialId },
        details: { operation_id: id, kind: before.type },
      })
      return { operation: operationMessage({ ...before, ...data }) }
    })
  }
