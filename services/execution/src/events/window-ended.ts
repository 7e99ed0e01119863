import { GrantEnded, RequestEnded } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventRecord } from '@sallyport/events/event-record'
import { orderRotation } from './order-rotation.ts'

/** The window of an approved request is over. One that nobody used has shown nothing to anybody. */
export const onRequestEnded = async (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, requestId, endedAt, used } = RequestEnded.decode(event.payload)
  if (!used) return
  await orderRotation(sql, {
    tenantId: event.tenantId,
    credentialId,
    trigger: 'window',
    causeId: requestId,
    happenedAt: endedAt ?? event.time,
  })
}

/** The end of what was granted without a request; with one, the request's end counts. */
export const onGrantEnded = async (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, grantId, requestId, endedAt } = GrantEnded.decode(event.payload)
  if (requestId !== '') return
  await orderRotation(sql, {
    tenantId: event.tenantId,
    credentialId,
    trigger: 'window',
    causeId: grantId,
    happenedAt: endedAt ?? event.time,
  })
}
