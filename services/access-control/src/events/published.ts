import { GrantEnded, RequestEnded, TenantCreated } from '@sallyport/contracts/events/v1/domain'
import { sqlOf } from '@sallyport/database/sql'
import { appendEvent, appendEvents } from '@sallyport/events/outbox'
import type { Grant, Request } from '../generated/prisma/client.ts'
import type { Tx } from '../store/store.ts'

const topic = 'sallyport.access-control.v1'

/** What was granted is over. Grants for operations are the execution service's own matter, and not announced. */
export const grantsEnded = (
  tx: Tx,
  grants: readonly Grant[],
  cause: 'window-over' | 'revoked',
  now: Date,
): Promise<void> =>
  appendEvents(
    sqlOf(tx),
    grants
      .filter(grant => grant.operationId === null)
      .map(grant => ({
        topic,
        key: grant.id,
        tenantId: grant.tenantId,
        type: 'GrantEnded',
        payload: GrantEnded.encode({
          tenantId: grant.tenantId,
          grantId: grant.id,
          userId: grant.userId,
          credentialId: grant.credentialId,
          deviceId: grant.deviceId,
          requestId: grant.requestId ?? '',
          cause,
          endedAt: now,
          action: grant.action,
        }).finish(),
      })),
  )

/** An approved request's window is over. */
export const requestEnded = (
  tx: Tx,
  request: Request,
  end: { cause: 'window-over' | 'revoked' | 'canceled'; used: boolean; now: Date },
): Promise<void> =>
  appendEvent(sqlOf(tx), {
    topic,
    key: request.id,
    tenantId: request.tenantId,
    type: 'RequestEnded',
    payload: RequestEnded.encode({
      tenantId: request.tenantId,
      requestId: request.id,
      userId: request.requesterId,
      credentialId: request.credentialId,
      deviceId: request.deviceId,
      cause: end.cause,
      endedAt: end.now,
      used: end.used,
    }).finish(),
  })

export const tenantCreated = (tx: Tx, tenant: { id: string; name: string }): Promise<void> =>
  appendEvent(sqlOf(tx), {
    topic,
    key: tenant.id,
    tenantId: tenant.id,
    type: 'TenantCreated',
    payload: TenantCreated.encode({ tenantId: tenant.id, name: tenant.name }).finish(),
  })
