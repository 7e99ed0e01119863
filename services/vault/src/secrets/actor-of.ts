import type { AuditActor } from '@sallyport/audit-events/source'
import type { GrantClaims } from '@sallyport/identity/grant'

/** Whom the trail shows for what a grant allowed. */
export const actorOf = ({ subject, loginSessionId, sourceAddress }: GrantClaims): AuditActor => ({
  kind: subject.kind === 'user' ? 'user' : 'service',
  id: subject.id,
  name: subject.name,
  loginSessionId,
  sourceAddress,
})
