import { SallyportError } from '@sallyport/errors/error'
import type { FastifyRequest } from 'fastify'
import type { RateClass } from '../http/route-row.ts'
import type { SharedCounts } from './shared-counts.ts'
import { sourceAddressOf } from './source-address.ts'

/** Requests a minute, of all gateways together. Lock-outs, which must be exact, are access-control's. */
export type RateLimits = Readonly<Record<RateClass, number>> & {
  /** Tokens that turned out to be no good, from one source address. */
  readonly badTokens: number
}

/** A tenant may use this many times what one of its users may. */
const tenantFactor = 20

type Check = (request: FastifyRequest) => void

export type Limiters = {
  readonly bySource: (rate: RateClass) => Check
  /** By user, and by tenant. */
  readonly byPrincipal: (rate: RateClass) => Check
  /** Refuses a source that keeps on presenting bad tokens; looking does not count. */
  readonly fewBadTokens: Check
  readonly countBadToken: Check
}

const classes: readonly RateClass[] = ['read', 'write', 'login', 'secret']

export const createLimiters = (counts: Pick<SharedCounts, 'limit'>, limits: RateLimits): Limiters => {
  const limitEach = (what: string, keyOf: (request: FastifyRequest) => string, factor = 1) => {
    const checks = new Map<RateClass, Check>(
      classes.map(rate => {
        const limit = counts.limit(`${what} ${rate}`, limits[rate] * factor)
        return [rate, request => refuseBeyond(limit.count(keyOf(request)))]
      }),
    )
    // No counter is no leave.
    return (rate: RateClass): Check => checks.get(rate) ?? refuse
  }
  const [bySource, byUser, byTenant] = [
    limitEach('source', sourceAddressOf),
    limitEach('user', userKey),
    limitEach('tenant', tenantKey, tenantFactor),
  ]
  const badTokens = counts.limit('bad tokens', limits.badTokens)
  return {
    bySource,
    byPrincipal: rate => request => {
      byUser(rate)(request)
      byTenant(rate)(request)
    },
    fewBadTokens: request => refuseBeyond(badTokens.look(sourceAddressOf(request))),
    countBadToken: request => void badTokens.count(sourceAddressOf(request)),
  }
}

const userKey = ({ principal }: FastifyRequest): string => `${principal?.tenantId}/${principal?.userId}`
const tenantKey = ({ principal }: FastifyRequest): string => `${principal?.tenantId}`

const refuse = (): never => {
  throw new SallyportError('internal')
}

const refuseBeyond = (againAfterMs: number | undefined): void => {
  if (againAfterMs === undefined) return
  throw new SallyportError('request.too_many', undefined, {
    metadata: { retryAfterSeconds: String(Math.max(1, Math.ceil(againAfterMs / 1_000))) },
  })
}
