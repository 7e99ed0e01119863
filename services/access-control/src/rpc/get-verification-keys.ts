import type {
  GetVerificationKeysRequest,
  GetVerificationKeysResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import type { Deps } from '../deps.ts'

export const getVerificationKeys =
  ({ keys }: Pick<Deps, 'keys'>) =>
  async (_request: GetVerificationKeysRequest): Promise<GetVerificationKeysResponse> => ({
    callerTokenKeys: await keys.publicKeys('caller-token'),
    grantKeys: await keys.publicKeys('grant'),
  })
