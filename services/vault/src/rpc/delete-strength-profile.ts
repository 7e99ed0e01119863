import { recordAudit } from '@sallyport/audit-events/record'
import type {
  DeleteStrengthProfileRequest,
  DeleteStrengthProfileResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import {
  getStrengthProfile,
  deleteStrengthProfile as removeStrengthProfile,
} from '../store/strength-profiles.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const deleteStrengthProfile =
  ({ database }: Deps) =>
  (request: DeleteStrengthProfileRequest, call: Call): Promise<DeleteStrengthProfileResponse> => {
    const { tenantId } = call.caller
    const { version } = request
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const { name } = await getStrengthProfile(tx, tenantId, id)
      await removeStrengthProfile(tx, { id, tenantId, version })
      await recordAudit(sqlOf(tx), call, 'strength_profile.deleted', {
        target: { kind: 'strength-profile', id, name },
        details: { name },
      })
      return {}
    })
  }
