import { recordAudit } from '@sallyport/audit-events/record'
import type { Sql } from '@sallyport/database/sql'
import { type Order, scheduleRotation } from '../store/schedule.ts'
import { systemSource } from './audited.ts'

/** Orders a change because of an event, if the credential's policy says so, and says why. */
export const orderRotation = async (sql: Sql, order: Order): Promise<void> => {
  const scheduled = await scheduleRotation(sql, order)
  if (scheduled?.scheduling !== 'schedule' && scheduled?.scheduling !== 'restart') return
  const { tenantId, credentialId, trigger, causeId } = order
  await recordAudit(sql, systemSource(tenantId), 'operation.scheduled', {
    target: { kind: 'credential', id: credentialId },
    ...(trigger === 'session' && { sessionId: causeId }),
    ...(trigger === 'window' && { requestId: causeId }),
    details: {
      operation_id: scheduled.operationId,
      kind: 'change-password',
      trigger,
      credential_id: credentialId,
      device_id: scheduled.deviceId,
    },
  })
}
