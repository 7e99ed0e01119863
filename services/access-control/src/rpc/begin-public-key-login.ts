import type {
  BeginPublicKeyLoginRequest,
  BeginPublicKeyLoginResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import type { Call } from '@sallyport/rpc/call'
import type { LoginDeps } from '../login/deps.ts'
import { loginByPublicKey } from '../login/first-factor.ts'

export const beginPublicKeyLogin =
  (deps: LoginDeps) =>
  async (request: BeginPublicKeyLoginRequest, call: Call): Promise<BeginPublicKeyLoginResponse> => {
    const { tenant, userName, sourceAddress } = request
    const attempt = { tenant, userName, sourceAddress, channel: 'ssh' as const }
    return { step: await loginByPublicKey(deps, call, attempt, request.publicKey) }
  }
