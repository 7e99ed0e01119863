import { recordAudit } from '@sallyport/audit-events/record'
import type {
  CreateRevealTicketRequest,
  CreateRevealTicketResponse,
} from '@sallyport/contracts/vault/v1/secrets'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { GrantClaims } from '@sallyport/identity/grant'
import type { Call } from '@sallyport/rpc/call'
import { takeCustody } from '../custody/take-custody.ts'
import { ticketExpiry } from '../domain/reveal-ticket.ts'
import { auditRefusal } from '../secrets/audited-refusal.ts'
import { claimsOf, confirmUse, type VerifyDeps } from '../secrets/verify-use.ts'
import type { Database } from '../store/database.ts'
import { insertTicket } from '../store/reveal-tickets.ts'
import { lockCredential } from '../store/usable-credentials.ts'
import { useUp } from '../store/used-grants.ts'

type Deps = VerifyDeps & {
  database: Pick<Database, 'sqlInTenant'>
  newId: () => string
  /** An unguessable token of at least 128 bits. */
  newToken: () => string
  ticketSeconds: number
  showSeconds: number
}

export const createRevealTicket =
  (deps: Deps) =>
  async ({ statement }: CreateRevealTicketRequest, call: Call): Promise<CreateRevealTicketResponse> => {
    const { tenantId, userId, loginSessionId } = call.caller
    const grant = await claimsOf(deps, statement)
    const { credentialId, deviceId, requestId, grantId } = grant
    const about = { tenantId, source: call, action: 'view', to: call.service, log: call.log } as const
    return auditRefusal(deps, { ...about, credentialId, deviceId, requestId, grantId }, async () => {
      await confirmUse(deps, grant, { action: 'view', tenantId, userId, loginSessionId })
      return deps.database.sqlInTenant(tenantId, sql => issue(sql, deps, grant, call))
    })
  }

const issue = async (
  sql: Sql,
  deps: Deps,
  grant: GrantClaims,
  call: Call,
): Promise<CreateRevealTicketResponse> => {
  const now = deps.now()
  await useUp(sql, grant, now)
  // Alone: of two who take custody at once the second one sees the first one's.
  const credential = await lockCredential(sql, grant, 'alone')
  if (credential.currentVersion === 0) throw new SallyportError('credential.no_secret')
  const custodyId = credential.exclusiveCustody
    ? await takeCustody(sql, call, grant, { id: deps.newId(), now })
    : ''
  const ticket = ticketOf(deps, grant, call, now)
  await insertTicket(sql, ticket)
  await recordAudit(sql, call, 'secret.ticket_issued', {
    target: { kind: 'credential', id: credential.id, name: credential.username },
    requestId: grant.requestId,
    grantId: grant.grantId,
    details: { ticket_id: ticket.id, version: credential.currentVersion, expires_at: ticket.expiresAt },
  })
  return { ticket: ticket.token, expiresAt: ticket.expiresAt, showSeconds: deps.showSeconds, custodyId }
}

const ticketOf = (deps: Deps, grant: GrantClaims, call: Call, now: Date) => ({
  id: deps.newId(),
  tenantId: grant.tenantId,
  token: deps.newToken(),
  credentialId: grant.credentialId,
  deviceId: grant.deviceId,
  userId: grant.subject.id,
  // Whatever the grant says, the ticket is good only in the login that asked for it.
  loginSessionId: call.caller.loginSessionId,
  grantId: grant.grantId,
  grantIssuedAt: grant.notBefore,
  requestId: grant.requestId,
  createdAt: now,
  expiresAt: ticketExpiry(now, deps.ticketSeconds, grant.endsAt),
})
