import type { Pool } from 'pg'
import { translateFailure } from './failure.ts'

export type DatabaseClock = Disposable & {
  /** The database's time, to within the time that a question takes. Never asks, never waits. */
  readonly now: () => Date
}

type Options = {
  readonly pool: Pick<Pool, 'query'>
  readonly log: { warn: (fields: object, message: string) => void }
  /** Milliseconds of a clock that nobody sets. */
  readonly steadyNow?: () => number
  /** This machine's own idea of the time, only to complain of it. */
  readonly ownNow?: () => number
  readonly everyMs?: number
}

/** Machines that differ by more are worth a line in the log. */
const worthTellingMs = 5_000

/**
 * The one clock of an installation: the database's. A service carries it on by the steady clock of its process and asks
 * again every five seconds, so that a machine whose own clock is wrong, jumps or stands still judges windows, grants and
 * codes as all others do.
 * @throws SallyportError `service.unavailable` if the database cannot be asked: a service that does not know the time
 * must not start
 */
export const openDatabaseClock = async ({
  pool,
  log,
  steadyNow = () => performance.now(),
  ownNow = () => Date.now(),
  everyMs = 5_000,
}: Options): Promise<DatabaseClock> => {
  let offsetMs = Number.NaN
  let toldOf = 0
  const ask = async (): Promise<void> => {
    const before = steadyNow()
    const { rows } = await pool.query<{ ms: string }>(
      'select extract(epoch from clock_timestamp()) * 1000 as ms',
    )
    const halfWayMs = (steadyNow() - before) / 2
    const askedMs = Number(rows[0]?.ms) - before - halfWayMs
    // A difference that the way of the answer explains is none.
    if (!(Math.abs(askedMs - offsetMs) <= halfWayMs)) offsetMs = askedMs
  }
  const complain = (): void => {
    const aheadMs = Math.round(ownNow() - steadyNow() - offsetMs)
    if (Math.abs(aheadMs - toldOf) < worthTellingMs) return
    toldOf = aheadMs
    log.warn({ aheadMs }, 'The clock of this machine is not the one of the database, which counts')
  }
  await ask().catch((thrown: unknown) => {
    throw translateFailure(thrown)
  })
  complain()
  const timer = setInterval(() => {
    // While it cannot be asked, the steady clock goes on.
    ask().then(complain, () => {})
  }, everyMs)
  timer.unref()
  return {
    now: () => new Date(offsetMs + steadyNow()),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
