import { recordAudit } from '@sallyport/audit-events/record'
import type {
  UpdateStrengthProfileRequest,
  UpdateStrengthProfileResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { parseStrengthRules } from '../domain/strength.ts'
import { parseName } from '../domain/text.ts'
import type { Database } from '../store/database.ts'
import {
  getStrengthProfile,
  updateStrengthProfile as writeStrengthProfile,
} from '../store/strength-profiles.ts'
import { changedFields } from './changed-fields.ts'
import { fromStrengthRules, toStrengthProfile } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; now: () => Date }

export const updateStrengthProfile =
  ({ database, now }: Deps) =>
  (request: UpdateStrengthProfileRequest, call: Call): Promise<UpdateStrengthProfileResponse> => {
    const { tenantId } = call.caller
    const { version } = request
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => {
      const before = toStrengthProfile(await getStrengthProfile(tx, tenantId, id))
      const name = parseName('name', request.name ?? before.name, { max: 128 })
      const rules = parseStrengthRules(fromStrengthRules(request.rules ?? before.rules))
      const row = await writeStrengthProfile(tx, { id, tenantId, version, now: now() }, name, rules)
      const fields = changedFields({ name: before.name, ...before.rules }, { name, ...rules })
      await recordAudit(sqlOf(tx), call, 'strength_profile.updated', {
        target: { kind: 'strength-profile', id, name },
        details: { name, fields },
      })
      return { strengthProfile: toStrengthProfile(row) }
    })
  }
