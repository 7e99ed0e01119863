import { SallyportError } from '@sallyport/errors/error'
import { type Caller, verifyCallerToken } from '@sallyport/identity/caller-token'
import type { ServiceName } from '@sallyport/identity/services'
import type { KeyFinder } from '@sallyport/identity/verification-keys'
import type { MethodRow, RateClass } from './methods.ts'

/** What the wire says about who calls. */
export type Claimed = { readonly service: ServiceName | undefined; readonly callerToken: string | undefined }

/** Who calls, verified: the service by its certificate, the user by the caller token. */
export type Identified = { readonly service: ServiceName; readonly caller: Caller | undefined }

type Deps = { readonly self: ServiceName; readonly keys: KeyFinder; readonly now: () => Date }

/** Establishes who calls. A method that is for services only ignores a caller token. */
export const identify = async (row: MethodRow, claimed: Claimed, deps: Deps): Promise<Identified> => {
  const { service } = claimed
  if (!service || !row.callers.includes(service)) throw new SallyportError('service.not_allowed')
  if (row.permission === 'service') return { service, caller: undefined }
  if (!claimed.callerToken) throw new SallyportError('caller.unauthenticated')
  const caller = await verifyCallerToken(claimed.callerToken, {
    audience: deps.self,
    keys: deps.keys,
    now: deps.now(),
  })
  return { service, caller }
}

/**
 * Checks an identified call against its method's row.
 * INVARIANT: default deny; a call passes only if its row says so.
 */
export const authorise = (
  { permission, rate }: MethodRow,
  { service, caller }: Identified,
  limit: (caller: string, rate: RateClass) => void,
): void => {
  if (permission === 'service') return limit(service, rate)
  if (!caller) throw new SallyportError('caller.unauthenticated')
  if (permission !== 'signed-in' && !caller.permissions.has(permission)) {
    throw new SallyportError('caller.not_allowed', undefined, { metadata: { permission } })
  }
  limit(`${caller.tenantId} ${caller.userId}`, rate)
}
