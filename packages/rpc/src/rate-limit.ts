import { SallyportError } from '@sallyport/errors/error'
import type { RateClass } from './methods.ts'

type Budget = { readonly perSecond: number; readonly burst: number }

/** What one caller may spend on one process. Documented in docs/limits.md. */
export const budgets: Readonly<Record<Exclude<RateClass, 'internal'>, Budget>> = {
  read: { perSecond: 500, burst: 1_000 },
  write: { perSecond: 100, burst: 200 },
  login: { perSecond: 50, burst: 200 },
  secret: { perSecond: 50, burst: 100 },
}

/** Callers that are remembered at once; the one that was quiet for longest is forgotten first. */
const maxBuckets = 50_000

type Bucket = { tokens: number; at: number }

/** A token bucket for each caller and class. */
export const createRateLimiter = (now: () => number): ((caller: string, rate: RateClass) => void) => {
  const buckets = new Map<string, Bucket>()
  return (caller, rate) => {
    if (rate === 'internal') return
    const { perSecond, burst } = budgets[rate]
    const key = `${rate} ${caller}`
    const at = now()
    const bucket = buckets.get(key) ?? { tokens: burst, at }
    const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond)
    if (tokens < 1) throw new SallyportError('request.too_many')
    buckets.delete(key)
    buckets.set(key, { tokens: tokens - 1, at })
    if (buckets.size > maxBuckets) forgetOldest(buckets)
  }
}

const forgetOldest = (buckets: Map<string, Bucket>): void => {
  const [oldest] = buckets.keys()
  if (oldest !== undefined) buckets.delete(oldest)
}
