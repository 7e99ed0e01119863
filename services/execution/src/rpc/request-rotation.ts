import { recordAudit } from '@sallyport/audit-events/record'
import { RequestRotationRequest, RequestRotationResponse } from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { scheduleRotation } from '../store/schedule.ts'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { findOperation, operationMessage } from './operation-message.ts'
import { write } from './write.ts'

type Deps = { store: Store; clock: { now(): Date } }

export const requestRotation =
  ({ store, clock }: Deps) =>
  (request: RequestRotationRequest, call: Call): Promise<RequestRotationResponse> => {
    const credentialId = existingId(request.credentialId, 'rotation_policy.not_found')
    return write(store, call, [request, RequestRotationRequest], RequestRotationResponse, async tx => {
      const { tenantId, userId } = call.caller
      const order = { tenantId, credentialId, trigger: 'request', causeId: call.requestId, userId } as const
      const scheduled = await scheduleRotation(sqlOf(tx), { ...order, happenedAt: clock.now() })
      if (scheduled === undefined) throw new SallyportError('rotation_policy.not_found')
      const row = await findOperation(tx, scheduled.operationId)
      await recordAudit(sqlOf(tx), call, 'operation.scheduled', {
        target: { kind: 'credential', id: credentialId },
        details: {
          operation_id: row.id,
          kind: row.type,
          trigger: 'request',
          credential_id: credentialId,
          device_id: row.deviceId,
          due_at: row.dueAt,
        },
      })
      return { operation: operationMessage(row) }
    })
  }
