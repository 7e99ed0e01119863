import { SallyportError } from '@sallyport/errors/error'
import type { Permission } from '@sallyport/identity/permissions'
import type { Call } from '@sallyport/rpc/call'
import type { Tx } from '../store/database.ts'
import { getSession, type SessionRow } from '../store/sessions.ts'

/**
 * Reads a session that is the caller's own, or for which the caller has the permission.
 * Throws `session.not_found`; `caller.not_allowed` only to those who may see it.
 */
export const visibleSession = async (
  tx: Tx,
  { caller }: Pick<Call, 'caller'>,
  id: string,
  permission: Permission,
): Promise<SessionRow> => {
  const session = await getSession(tx, caller.tenantId, id)
  if (session.userId === caller.userId || caller.permissions.has(permission)) return session
  throw new SallyportError(
    caller.permissions.has('session.read') ? 'caller.not_allowed' : 'session.not_found',
  )
}

/** What audit events about a session carry. */
export const subjectOf = (session: SessionRow) => ({
  target: { kind: 'session', id: session.id, name: session.targetName },
  sessionId: session.id,
  grantId: session.grantId,
  requestId: session.requestId ?? '',
})
