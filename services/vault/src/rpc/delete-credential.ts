import { recordAudit } from '@sallyport/audit-events/record'
import type {
  DeleteCredentialRequest,
  DeleteCredentialResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { endCustody } from '../custody/end-custody.ts'
import { parseId } from '../domain/credential.ts'
import { publishTargetsChanged } from '../events/published.ts'
import { getCredentialAt, deleteCredential as removeCredential } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { findOpenRotation } from '../store/rotations.ts'
import { lockCredential } from '../store/usable-credentials.ts'

type Deps = { database: Pick<Database, 'inTenant'>; now: () => Date }

export const deleteCredential =
  ({ database, now }: Deps) =>
  (request: DeleteCredentialRequest, call: Call): Promise<DeleteCredentialResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const sql = sqlOf(tx)
      const { username, domain } = await lockCredential(sql, { tenantId, credentialId: id }, 'alone')
      await getCredentialAt(tx, tenantId, id, request.version)
      // The target's password may be the candidate, which nobody would know any more.
      if (await findOpenRotation(sql, tenantId, id)) throw new SallyportError('rotation.in_progress')
      await endCustody(sql, call, { credentialId: id }, { tenantId, reason: 'forced', now: now() })
      await removeCredential(tx, id)
      await recordAudit(sql, call, 'credential.deleted', {
        target: { kind: 'credential', id, name: username },
        details: { username, domain },
      })
      await publishTargetsChanged(sql, tenantId, { credentialId: id, deleted: true })
      return {}
    })
  }
