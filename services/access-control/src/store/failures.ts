import { sqlOf } from '@sallyport/database/sql'
import {
  accountPolicy,
  countTry,
  type FailureRecord,
  isLocked,
  type LockoutPolicy,
  pauseAfterFailure,
  refund,
} from '../domain/lockout.ts'
import type { Tx } from './store.ts'

type FailureRow = { failures: number; last_failure_at: Date | null; locked_until: Date | null }

/** Whose failures: an account's, or a source address's. */
export type Counter = { tenantId: string; kind: 'account' | 'source'; key: string }

/** What a try came upon: a lock that was there already, and whether this failure has locked. */
export type Charge = { wasLocked: boolean; lockedUntil: Date | undefined }

/** Counts a try before its outcome is known; `refundTry` takes a right one back. */
export const chargeTry = (tx: Tx, counter: Counter, policy: LockoutPolicy, now: Date): Promise<Charge> =>
  charge(tx, counter, now, record => countTry(record, policy, now))

/** Counts a try that has failed, and makes the next one wait. */
export const chargeFailure = (tx: Tx, counter: Counter, policy: LockoutPolicy, now: Date): Promise<Charge> =>
  charge(tx, counter, now, record => pauseAfterFailure(countTry(record, policy, now), policy, now))

/** Makes the next try wait, after one that was charged has failed. */
export const confirmFailure = async (
  tx: Tx,
  counter: Counter,
  policy: LockoutPolicy,
  now: Date,
): Promise<void> => {
  const record = await lockRecord(tx, counter)
  if (record !== undefined) await writeRecord(tx, counter, pauseAfterFailure(record, policy, now))
}

const charge = async (
  tx: Tx,
  counter: Counter,
  now: Date,
  count: (record: FailureRecord | undefined) => FailureRecord,
): Promise<Charge> => {
  const record = await lockRecord(tx, counter)
  const wasLocked = isLocked(record, now)
  const counted = count(record)
  await writeRecord(tx, counter, counted)
  return { wasLocked, lockedUntil: wasLocked ? undefined : counted.lockedUntil }
}

export const refundTry = async (tx: Tx, counter: Counter): Promise<void> => {
  if ((await readRecord(tx, counter)) === undefined) return
  const record = await lockRecord(tx, counter)
  if (record === undefined) return
  const left = refund(record, accountPolicy)
  // Nothing tells somebody who signs in without a mistake from somebody who is not there.
  if (left.failures === 0) await forgetFailures(tx, counter)
  else await writeRecord(tx, counter, left)
}

export const isCounterLocked = async (tx: Tx, counter: Counter, now: Date): Promise<boolean> =>
  isLocked(await readRecord(tx, counter), now)

export const forgetFailures = async (tx: Tx, counter: Counter): Promise<void> => {
  await tx.loginFailure.deleteMany({ where: counter })
}

/** Every failure of an account, wherever it was counted. */
export const forgetAllFailures = async (tx: Tx, userName: string): Promise<void> => {
  await sqlOf(tx).query(`delete from login_failures where kind = 'account' and ${ofUser} = $1`, [userName])
}

/** Until when accounts are locked, by user name: the longest, of the locks at one address and everywhere else. */
export const locksOf = async (
  tx: Tx,
  userNames: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, Date>> => {
  const rows = await sqlOf(tx).query<{ user_name: string; until: Date }>(
    `select ${ofUser} as user_name, max(locked_until) as until from login_failures
     where kind = 'account' and locked_until > $2::timestamptz and ${ofUser} = any($1::text[]) group by 1`,
    [[...userNames], now],
  )
  return new Map(rows.map(row => [row.user_name, row.until]))
}

/** A counter for an address where somebody is known has the address behind the name; see `familiarCounter`. */
const ofUser = "split_part(key, ' ', 1)"

const readRecord = async (tx: Tx, counter: Counter): Promise<FailureRecord | undefined> => {
  const row = await tx.loginFailure.findUnique({ where: { tenantId_kind_key: counter } })
  return row === null ? undefined : { ...row, lockedUntil: row.lockedUntil ?? undefined }
}

/** The row is made first, so that two first failures at once also wait for each other. */
const lockRecord = async (tx: Tx, counter: Counter): Promise<FailureRecord | undefined> => {
  const [row] = await sqlOf(tx).query<FailureRow>(
    `insert into login_failures (tenant_id, kind, key, failures, last_failure_at)
     values ($1::uuid, $2, $3, 0, '-infinity'::timestamptz) on conflict (tenant_id, kind, key)
     do update set failures = login_failures.failures
     returning failures, nullif(last_failure_at, '-infinity') as last_failure_at, locked_until`,
    [counter.tenantId, counter.kind, counter.key],
  )
  // A row that this has just made has no failure in it.
  if (row === undefined || row.last_failure_at === null) return undefined
  return {
    failures: row.failures,
    lastFailureAt: row.last_failure_at,
    lockedUntil: row.locked_until ?? undefined,
  }
}

const writeRecord = async (tx: Tx, counter: Counter, record: FailureRecord): Promise<void> => {
  await tx.loginFailure.update({
    where: { tenantId_kind_key: counter },
    data: {
      failures: record.failures,
      lastFailureAt: record.lastFailureAt,
      lockedUntil: record.lockedUntil ?? null,
    },
  })
}
