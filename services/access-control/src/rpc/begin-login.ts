import {
  type BeginLoginRequest,
  type BeginLoginResponse,
  LoginChannel,
} from '@sallyport/contracts/access_control/v1/authentication'
import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { LoginDeps } from '../login/deps.ts'
import { loginByPassword } from '../login/first-factor.ts'

export const beginLogin =
  (deps: LoginDeps) =>
  async (request: BeginLoginRequest, call: Call): Promise<BeginLoginResponse> => {
    using password = Secret.of(request.password)
    const { tenant, userName, sourceAddress } = request
    const attempt = { tenant, userName, sourceAddress, channel: channelOf(request.channel) }
    return { step: await loginByPassword(deps, call, attempt, password) }
  }

const channelOf = (channel: LoginChannel): 'web' | 'ssh' => {
  if (channel === LoginChannel.WEB) return 'web'
  if (channel === LoginChannel.SSH) return 'ssh'
  throw new SallyportError('request.invalid', 'unknown channel')
}
