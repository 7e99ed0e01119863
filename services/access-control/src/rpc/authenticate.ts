import type {
  AuthenticateRequest,
  AuthenticateResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import { isServiceName, type ServiceName } from '@sallyport/identity/services'
import type { Deps } from '../deps.ts'
import { readToken } from '../login/token.ts'
import { findHolder } from '../store/token-holders.ts'

/** Exchanges an opaque token for caller tokens. Every refusal is the same: nobody learns why a token is no good. */
export const authenticate =
  ({ store, keys, clock }: Pick<Deps, 'store' | 'keys' | 'clock'>) =>
  async (request: AuthenticateRequest): Promise<AuthenticateResponse> => {
    const token = readToken(request.token, ['session', 'api-token'])
    if (token === undefined) throw new SallyportError('caller.unauthenticated')
    const now = clock.now()
    const holder = await store.asking(token.tenantId, sql => findHolder(sql, token, now))
    if (holder === undefined) throw new SallyportError('caller.unauthenticated')
    const caller: Caller = { ...holder.caller, sourceAddress: request.sourceAddress }
    const key = await keys.current('caller-token')
    const tokens = await Promise.all(
      request.audiences.map(async name => {
        const audience = audienceOf(name)
        return [audience, await signCallerToken(caller, { audience, key, now })] as const
      }),
    )
    return {
      callerTokens: Object.fromEntries(tokens),
      tenantId: caller.tenantId,
      userId: caller.userId,
      userName: caller.userName,
      permissions: [...caller.permissions],
      sessionId: caller.loginSessionId,
      expiresAt: holder.expiresAt,
    }
  }

const audienceOf = (name: string): ServiceName => {
  if (!isServiceName(name)) throw new SallyportError('request.invalid', 'unknown audience')
  return name
}
