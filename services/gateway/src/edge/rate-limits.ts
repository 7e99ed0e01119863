import { SallyportError } from '@sallyport/errors/error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RateClass } from '../http/route-row.ts'
import { sourceAddressOf } from './source-address.ts'

/** Requests a minute. Each replica counts by itself; lock-outs, which must be exact, are access-control's. */
export type RateLimits = Readonly<Record<RateClass, number>> & {
  /** Tokens that turned out to be no good, from one source address. */
  readonly badTokens: number
}

/** A tenant may use this many times what one of its users may. */
const tenantFactor = 20

type Check = (request: FastifyRequest) => Promise<void>

export type Limiters = {
  readonly bySource: (rate: RateClass) => Check
  /** By user, and by tenant. */
  readonly byPrincipal: (rate: RateClass) => Check
  /** Refuses a source that keeps on presenting bad tokens; looking does not count. */
  readonly fewBadTokens: Check
  readonly countBadToken: Check
}

const classes: readonly RateClass[] = ['read', 'write', 'login', 'secret']

/** Needs the rate-limit plugin to be registered. */
export const createLimiters = (app: FastifyInstance, limits: RateLimits): Limiters => {
  const limiter = (
    max: number,
    keyGenerator: (request: FastifyRequest) => string,
  ): ReturnType<typeof app.createRateLimit> => app.createRateLimit({ max, timeWindow: 60_000, keyGenerator })
  const perClass = <T>(make: (rate: RateClass) => T): ReadonlyMap<RateClass, T> =>
    new Map(classes.map(rate => [rate, make(rate)]))
  const sources = perClass(rate => limiter(limits[rate], sourceAddressOf))
  const users = perClass(rate => limiter(limits[rate], userKey))
  const tenants = perClass(rate => limiter(limits[rate] * tenantFactor, tenantKey))
  const badTokens = limiter(limits.badTokens, sourceAddressOf)
  return {
    bySource: rate => request => refuseBeyond(sources.get(rate)?.(request)),
    byPrincipal: rate => async request => {
      await refuseBeyond(users.get(rate)?.(request))
      await refuseBeyond(tenants.get(rate)?.(request))
    },
    fewBadTokens: request => refuseBeyond(badTokens(request, { increment: false })),
    countBadToken: async request => void (await badTokens(request)),
  }
}

const userKey = ({ principal }: FastifyRequest): string => `${principal?.tenantId}/${principal?.userId}`
const tenantKey = ({ principal }: FastifyRequest): string => `${principal?.tenantId}`

type Count = { readonly isAllowed: boolean } | { readonly isExceeded: boolean; readonly ttlInSeconds: number }

const refuseBeyond = async (counting: Promise<Count> | undefined): Promise<void> => {
  const count = await counting
  // No counter is no leave.
  if (!count) throw new SallyportError('internal')
  if (!('isExceeded' in count) || !count.isExceeded) return
  throw new SallyportError('request.too_many', undefined, {
    metadata: { retryAfterSeconds: String(Math.max(1, count.ttlInSeconds)) },
  })
}
