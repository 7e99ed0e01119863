import { recordAudit } from '@sallyport/audit-events/record'
import type {
  UpdateCredentialRequest,
  UpdateCredentialResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { type CredentialInput, criteriaDiffer, parseCredential, parseId } from '../domain/credential.ts'
import { publishTargetsChanged } from '../events/published.ts'
import { getCredential, getCredentialAt, updateCredential as writeCredential } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { lockCredential } from '../store/usable-credentials.ts'
import { changedFields } from './changed-fields.ts'
import { fromCriticality, fromSecretKind, toCredential } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; now: () => Date }

export const updateCredential =
  ({ database, now }: Deps) =>
  (request: UpdateCredentialRequest, call: Call): Promise<UpdateCredentialResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const sql = sqlOf(tx)
      await lockCredential(sql, { tenantId, credentialId: id }, 'alone')
      const current = inputOf(toCredential(await getCredentialAt(tx, tenantId, id, request.version)))
      const before = parseCredential(current)
      const after = parseCredential(merge(current, request))
      await writeCredential(tx, { id, tenantId, now: now() }, after)
      const credential = toCredential(await getCredential(tx, tenantId, id))
      await recordAudit(sql, call, 'credential.updated', {
        target: { kind: 'credential', id, name: after.username },
        details: { fields: changedFields(before, after), version: credential.version },
      })
      if (criteriaDiffer(before, after))
        await publishTargetsChanged(sql, tenantId, { credentialId: id, deleted: false })
      return { credential }
    })
  }

const inputOf = (credential: ReturnType<typeof toCredential>): CredentialInput => ({
  ...credential,
  secretKind: fromSecretKind(credential.secretKind),
  criticality: fromCriticality(credential.criticality),
})

const merge = (current: CredentialInput, request: UpdateCredentialRequest): CredentialInput => ({
  username: request.username ?? current.username,
  domain: request.domain ?? current.domain,
  type: request.type ?? current.type,
  secretKind: current.secretKind,
  deviceIds: request.deviceIds?.values ?? current.deviceIds,
  tags: request.tags?.values ?? current.tags,
  criticality: request.criticality === undefined ? current.criticality : fromCriticality(request.criticality),
  notes: request.notes ?? current.notes,
  ownerUserId: request.ownerUserId ?? current.ownerUserId,
  parentCredentialId: request.parentCredentialId ?? current.parentCredentialId,
  strengthProfileId: request.strengthProfileId ?? current.strengthProfileId,
  exclusiveCustody: request.exclusiveCustody ?? current.exclusiveCustody,
})
