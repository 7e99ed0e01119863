import { recordAudit } from '@sallyport/audit-events/record'
import {
  CreateStrengthProfileRequest,
  CreateStrengthProfileResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import { parseStrengthRules } from '../domain/strength.ts'
import { parseName } from '../domain/text.ts'
import type { Database } from '../store/database.ts'
import { insertStrengthProfile } from '../store/strength-profiles.ts'
import { fromStrengthRules, toStrengthProfile } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'>; newId: () => string; now: () => Date }

export const createStrengthProfile =
  ({ database, newId, now }: Deps) =>
  (request: CreateStrengthProfileRequest, call: Call): Promise<CreateStrengthProfileResponse> => {
    const { tenantId } = call.caller
    const name = parseName('name', request.name, { max: 128 })
    const rules = parseStrengthRules(fromStrengthRules(request.rules))
    const types = { requestType: CreateStrengthProfileRequest, responseType: CreateStrengthProfileResponse }
    return database.inTenant(tenantId, tx =>
      once(sqlOf(tx), call, { request, ...types }, async () => {
        const profile = await insertStrengthProfile(tx, { id: newId(), tenantId, now: now() }, name, rules)
        await recordAudit(sqlOf(tx), call, 'strength_profile.created', {
          target: { kind: 'strength-profile', id: profile.id, name },
          details: { name },
        })
        return { strengthProfile: toStrengthProfile(profile) }
      }),
    )
  }
