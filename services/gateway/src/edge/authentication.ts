import type { AuthenticateResponse } from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import { isServiceName, type ServiceName } from '@sallyport/identity/services'
import type { Upstreams } from '../clients/upstreams.ts'
import type { Principal } from './principal.ts'

type Question = {
  readonly token: string
  readonly audiences: readonly ServiceName[]
  readonly sourceAddress: string
  readonly requestId: string
}

export type Authenticate = (question: Question, signal?: AbortSignal) => Promise<Principal>

/**
 * Asks access-control who presented a token.
 * INVARIANT: every request asks anew. An answer that was kept would outlive a revocation.
 */
export const createAuthenticate =
  (authentication: Pick<Upstreams['authentication'], 'authenticate'>, deadlineMs: number): Authenticate =>
  async ({ token, audiences, sourceAddress, requestId }, signal) =>
    principalOf(
      await authentication.authenticate(
        { token, audiences: [...audiences], sourceAddress },
        { requestId, deadlineMs, signal },
      ),
    )

const principalOf = (answer: AuthenticateResponse): Principal => {
  if (!answer.tenantId || !answer.userId || !answer.sessionId) {
    throw new SallyportError('internal', undefined, { cause: new Error('access-control named no principal') })
  }
  const tokens = Object.entries(answer.callerTokens).flatMap(([name, token]): [ServiceName, string][] =>
    isServiceName(name) ? [[name, token]] : [],
  )
  return {
    tenantId: answer.tenantId,
    userId: answer.userId,
    userName: answer.userName,
    permissions: answer.permissions,
    sessionId: answer.sessionId,
    callerTokens: new Map(tokens),
  }
}
