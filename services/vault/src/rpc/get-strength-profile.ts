import type {
  GetStrengthProfileRequest,
  GetStrengthProfileResponse,
} from '@sallyport/contracts/vault/v1/inventory'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { getStrengthProfile as readStrengthProfile } from '../store/strength-profiles.ts'
import { toStrengthProfile } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const getStrengthProfile =
  ({ database }: Deps) =>
  (request: GetStrengthProfileRequest, call: Call): Promise<GetStrengthProfileResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => ({
      strengthProfile: toStrengthProfile(await readStrengthProfile(tx, tenantId, id)),
    }))
  }
