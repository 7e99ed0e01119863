import { createHash } from 'node:crypto'
import type { Upstreams } from '../clients/upstreams.ts'

/** So often in a minute, for each key. */
export type Limit = {
  /** Counts one more; gives the milliseconds until there is room again if that was too many. */
  readonly count: (key: string) => number | undefined
  /** Looks, and counts nothing. */
  readonly look: (key: string) => number | undefined
}

/** Limits that all gateways count together, within about a second. */
export type SharedCounts = {
  readonly limit: (name: string, max: number) => Limit
  /** Tells access-control what was counted here, and hears what all have counted. */
  readonly share: () => Promise<void>
}

/** How often something was done in the current minute. */
type Count = {
  /** By all gateways, as far as this one was told. */
  told: number
  /** Here, and told nobody yet. */
  own: number
  /** By the steady clock, in milliseconds. */
  endsAt: number
}

type Counter = { readonly name: string; readonly max: number; readonly counts: Map<string, Count> }

const minuteMs = 60_000
/** Of each limit; the key that was longest without a request is forgotten first. */
const mostKeys = 5_000
/** What access-control takes at once. */
const mostShared = 1_000
/**
 * Whoever has used less than a tenth of a limit here is nobody else's business: most people never cause a question, and
 * nobody gets past a limit by a tenth of it for each further gateway.
 */
const worthSharing = 0.1

export const createSharedCounts = (
  access: Pick<Upstreams['authentication'], 'shareCounts'>,
  steadyNow: () => number = () => performance.now(),
): SharedCounts => {
  const counters: Counter[] = []
  const share = async (): Promise<void> => {
    const askedAt = steadyNow()
    const shared = counters.flatMap(counter => worthTelling(counter, askedAt)).slice(0, mostShared)
    if (shared.length === 0) return
    const told = shared.map(({ key, count: { own } }) => ({ key, count: own }))
    const { totals, minuteEndsInMilliseconds } = await access.shareCounts({ counts: told }, { deadlineMs })
    for (const [index, { count }] of shared.entries()) {
      count.told = totals[index] ?? 0
      count.own -= told[index]?.count ?? 0
      count.endsAt = askedAt + minuteEndsInMilliseconds
    }
  }
  return {
    limit: (name, max) => {
      const counter: Counter = { name, max, counts: new Map() }
      counters.push(counter)
      return limitOf(counter, steadyNow)
    },
    share,
  }
}

const deadlineMs = 2_000

const worthTelling = ({ name, max, counts }: Counter, now: number): { key: Buffer; count: Count }[] =>
  [...counts]
    .filter(([, { told, own, endsAt }]) => endsAt > now && own > 0 && told + own > max * worthSharing)
    .map(([key, count]) => ({ key: createHash('sha256').update(`${name} ${key}`).digest(), count }))

const limitOf = ({ max, counts }: Counter, steadyNow: () => number): Limit => {
  const find = (key: string, now: number): Count => {
    const found = counts.get(key)
    return found && found.endsAt > now ? found : { told: 0, own: 0, endsAt: now + minuteMs }
  }
  const excess = ({ told, own, endsAt }: Count, now: number): number | undefined =>
    told + own > max ? endsAt - now : undefined
  return {
    count: key => {
      const now = steadyNow()
      const count = find(key, now)
      count.own += 1
      // To the end, where the youngest are.
      counts.delete(key)
      counts.set(key, count)
      const [oldest] = counts.keys()
      if (counts.size > mostKeys && oldest !== undefined) counts.delete(oldest)
      return excess(count, now)
    },
    look: key => {
      const now = steadyNow()
      return excess(find(key, now), now)
    },
  }
}
