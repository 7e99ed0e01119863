import type { Pool } from '@sallyport/database/pool'
import { sqlOfPg } from '@sallyport/database/sql'
import type { EventsLog } from '@sallyport/events/event-log'
import { asLeader } from '@sallyport/events/leader'
import { persist } from '@sallyport/events/persist'
import { rest } from '@sallyport/events/rest'
import { destinationsBehind } from '../store/destinations.ts'
import { type BatchDeps, forwardBatch, noteTrouble } from './forward-batch.ts'
import { restAfter } from '../domain/forwarding/back-off.ts'
import type { Destination } from '../domain/forwarding/destination.ts'

export type Forwarding = BatchDeps & {
  /** Sees every tenant's destinations. One connection is enough. */
  readonly worker: Pool
  readonly log: EventsLog
  /** How often to look for what is new; 0.5 s unless given. */
  readonly pollMs?: number
}

type Underway = { readonly to: Destination; readonly work: Promise<void> }

/** What is known of destinations beyond their rows. */
type Round = {
  readonly underway: Map<string, Underway>
  /** Failed at this version of theirs. One that was changed since is tried at once. */
  readonly failed: Map<string, { readonly version: number; readonly times: number; readonly until: number }>
}

/** Each may hold a batch in memory for as long as it takes. */
const maxUnderway = 64
/** So that one tenant's receivers do not keep another's waiting; */
const maxOfTenant = 4
/** nor those that swallow what they get keep the others waiting. */
const maxFailing = maxUnderway / 2

/** Brings one destination up to date, or notes why that cannot be. */
const forward = async (deps: Forwarding, { failed }: Round, to: Destination): Promise<void> => {
  try {
    let next: Destination | undefined = to
    while (next && !deps.signal.aborted) next = await forwardBatch(deps, next)
    failed.delete(to.id)
  } catch (err) {
    if (deps.signal.aborted) return
    deps.log.warn({ err, destinationId: to.id }, 'The audit trail could not be forwarded')
    const times = (failed.get(to.id)?.times ?? 0) + 1
    failed.set(to.id, { version: to.version, times, until: performance.now() + restAfter(times) })
    await noteTrouble(deps, to, err)
  }
}

const isDue = ({ underway, failed }: Round, { id, version }: Destination): boolean => {
  const last = failed.get(id)
  const rested = last?.version !== version || last.until <= performance.now()
  return rested && !underway.has(id)
}

const hasRoom = ({ underway, failed }: Round, { id, tenantId }: Destination): boolean => {
  const all = [...underway.values()].map(({ to }) => to)
  if (all.length >= maxUnderway) return false
  if (all.filter(other => other.tenantId === tenantId).length >= maxOfTenant) return false
  return !failed.has(id) || all.filter(other => failed.has(other.id)).length < maxFailing
}

const begin = (deps: Forwarding, round: Round, to: Destination): void => {
  const work = forward(deps, round, to)
    .catch((err: unknown) => deps.log.warn({ err, destinationId: to.id }, 'A failure could not be noted'))
    .finally(() => round.underway.delete(to.id))
  round.underway.set(to.id, { to, work })
}

const lead = async (deps: Forwarding, behind: () => Promise<Destination[]>): Promise<void> => {
  const round: Round = { underway: new Map(), failed: new Map() }
  try {
    while (!deps.signal.aborted) {
      const due = (await behind()).filter(to => isDue(round, to))
      for (const to of due) if (hasRoom(round, to)) begin(deps, round, to)
      await rest(deps.pollMs ?? 500, deps.signal)
    }
  } finally {
    await Promise.all([...round.underway.values()].map(({ work }) => work))
  }
}

/**
 * Sends every tenant's trail to its receivers until the signal fires: in order, at least once, each receiver at its
 * own pace. Run it in every replica; one of them works, the others stand by.
 */
export const forwardTrails = (deps: Forwarding): Promise<void> =>
  persist(
    deps.signal,
    () =>
      asLeader({ pool: deps.worker, task: 'forwarding', signal: deps.signal }, client =>
        lead(deps, () => destinationsBehind(sqlOfPg(client))),
      ),
    err => deps.log.warn({ err }, 'The forwarder lost its database; it will try again'),
  )
