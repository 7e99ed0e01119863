import type {
  GetVerificationKeysRequest,
  GetVerificationKeysResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import type { Deps } from '../deps.ts'
import { findOperatorTenant } from '../store/tenants.ts'

export const getVerificationKeys =
  ({ keys, store }: Pick<Deps, 'keys' | 'store'>) =>
  async (_request: GetVerificationKeysRequest): Promise<GetVerificationKeysResponse> => ({
    callerTokenKeys: await keys.publicKeys('caller-token'),
    grantKeys: await keys.publicKeys('grant'),
    operatorTenantId: (await findOperatorTenant(store)) ?? '',
  })
