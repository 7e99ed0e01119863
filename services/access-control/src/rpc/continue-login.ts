import type {
  ContinueLoginRequest,
  ContinueLoginResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { LoginDeps } from '../login/deps.ts'
import { type Answer, continueLogin as takeStep } from '../login/next-factor.ts'

export const continueLogin =
  (deps: LoginDeps) =>
  async (request: ContinueLoginRequest, call: Call): Promise<ContinueLoginResponse> => {
    const answer = answerOf(request)
    try {
      const { challenge, sourceAddress } = request
      return { step: await takeStep(deps, call, { challenge, answer, sourceAddress }) }
    } finally {
      if (answer.kind === 'new-password') answer.password.dispose()
    }
  }

const answerOf = ({ answer }: ContinueLoginRequest): Answer => {
  if (answer?.$case === 'totpCode') return { kind: 'totp-code', code: answer.value }
  if (answer?.$case === 'newPassword') return { kind: 'new-password', password: Secret.of(answer.value) }
  throw new SallyportError('request.invalid', 'an answer is missing')
}
