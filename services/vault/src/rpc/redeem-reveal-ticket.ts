import { recordAudit } from '@sallyport/audit-events/record'
import type {
  RedeemRevealTicketRequest,
  RedeemRevealTicketResponse,
} from '@sallyport/contracts/vault/v1/secrets'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { checkNotHeld } from '../domain/custody.ts'
import { isRedeemable } from '../domain/reveal-ticket.ts'
import { publishSecretRevealed } from '../events/published.ts'
import type { ConfirmGrant } from '../revocation/confirm-grant.ts'
import type { TenantKeyRing, TenantKeys } from '../sealing/tenant-keys.ts'
import { auditRefusal } from '../secrets/audited-refusal.ts'
import { openCurrent } from '../secrets/open-current.ts'
import { findLiveCustody } from '../store/custodies.ts'
import type { Database } from '../store/database.ts'
import { findTicket, type StoredTicket, useTicket } from '../store/reveal-tickets.ts'
import { lockCredential, noteExposure } from '../store/usable-credentials.ts'
import { toSecretKind } from './wire-inventory.ts'

type Deps = {
  database: Pick<Database, 'sqlInTenant'>
  tenantKeys: Pick<TenantKeys, 'withRing'>
  confirmGrant: ConfirmGrant
  now: () => Date
}

export const redeemRevealTicket =
  (deps: Deps) =>
  async (request: RedeemRevealTicketRequest, call: Call): Promise<RedeemRevealTicketResponse> => {
    const { database, tenantKeys, confirmGrant, now } = deps
    const { tenantId } = call.caller
    const ticket = await database.sqlInTenant(tenantId, sql => findTicket(sql, tenantId, request.ticket))
    const about = { tenantId, source: call, action: 'view', to: call.service, log: call.log } as const
    return auditRefusal(deps, { ...about, ...ticketFacts(ticket) }, async () => {
      if (ticket === undefined || !isRedeemable(ticket, call.caller, now()))
        throw new SallyportError('reveal_ticket.refused')
      await confirmGrant({ tenantId, grantId: ticket.grantId })
      // The answer leaves only after the commit: no audit record, no secret.
      return tenantKeys.withRing(tenantId, ring =>
        database.sqlInTenant(tenantId, sql => reveal(sql, ring, ticket, call, now())),
      )
    })
  }

const ticketFacts = (ticket: StoredTicket | undefined) => ({
  credentialId: ticket?.credentialId,
  deviceId: ticket?.deviceId,
  requestId: ticket?.requestId,
  grantId: ticket?.grantId,
})

const reveal = async (
  sql: Sql,
  ring: TenantKeyRing,
  ticket: StoredTicket,
  call: Call,
  now: Date,
): Promise<RedeemRevealTicketResponse> => {
  const { tenantId, userId } = call.caller
  const { id: ticketId, credentialId, deviceId, requestId = '', grantId } = ticket
  const credential = await lockCredential(sql, { tenantId, credentialId, deviceId }, 'alone')
  checkNotHeld(await findLiveCustody(sql, tenantId, credentialId), userId, now)
  if (!(await useTicket(sql, tenantId, ticketId, now))) throw new SallyportError('reveal_ticket.refused')
  const { secret, number } = await openCurrent(sql, ring, tenantId, credentialId)
  await noteExposure(sql, tenantId, credentialId, now)
  const event = { tenantId, credentialId, deviceId, userId, requestId, ticketId, revealedAt: now }
  await publishSecretRevealed(sql, event)
  await recordAudit(sql, call, 'secret.revealed', {
    target: { kind: 'credential', id: credentialId, name: credential.username },
    requestId,
    grantId,
    details: { ticket_id: ticketId, version: number, device_id: deviceId },
  })
  return { kind: toSecretKind(credential.secretKind), secret: secret.bytes(), versionNumber: number }
}
