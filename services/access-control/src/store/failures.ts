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

/** Whose failures: an account's, or a source address's. */
export type Counter = { tenantId: string; kind: 'account' | 'source'; key: string }

/** What a try came upon: a lock that was there already, and whether this failure has locked. */
export type Charge = { wasLocked: boolean; lockedUntil: Date | undefined }

/** Counts a try before its outcome is known; `refundTry` takes a right one back. */
export const chargeTry = async (
  tx: Tx,
  counter: Counter,
  policy: LockoutPolicy,
  now: Date,
): Promise<Charge> => {
  const record = await lockRecord(tx, counter)
  const wasLocked = isLocked(record, now)
  const counted = countTry(record, policy, now)
  await writeRecord(tx, counter, counted)
  return { wasLocked, lockedUntil: wasLocked ? undefined : counted.lockedUntil }
}

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

export const refundTry = async (tx: Tx, counter: Counter): Promise<void> => {
  if ((await readRecord(tx, counter)) === undefined) return
  const record = await lockRecord(tx, counter)
  if (record !== undefined) await writeRecord(tx, counter, refund(record, accountPolicy))
}

export const isCounterLocked = async (tx: Tx, counter: Counter, now: Date): Promise<boolean> =>
  isLocked(await readRecord(tx, counter), now)

export const forgetFailures = async (tx: Tx, counter: Counter): Promise<void> => {
  await tx.loginFailure.deleteMany({ where: counter })
}

const readRecord = async (tx: Tx, counter: Counter): Promise<FailureRecord | undefined> => {
  const row = await tx.loginFailure.findUnique({ where: { tenantId_kind_key: counter } })
  return row === null ? undefined : { ...row, lockedUntil: row.lockedUntil ?? undefined }
}

/** The row is made first, so that two first failures at once also wait for each other. */
const lockRecord = async (tx: Tx, counter: Counter): Promise<FailureRecord | undefined> => {
  await sqlOf(tx).query(
    `insert into login_failures (tenant_id, kind, key, failures, last_failure_at)
     values ($1::uuid, $2, $3, 0, '-infinity'::timestamptz) on conflict (tenant_id, kind, key)
     do update set failures = login_failures.failures`,
    [counter.tenantId, counter.kind, counter.key],
  )
  const [row] = await sqlOf(tx).query<{ fresh: boolean }>(
    `select last_failure_at = '-infinity' as fresh from login_failures
     where tenant_id = $1::uuid and kind = $2 and key = $3`,
    [counter.tenantId, counter.kind, counter.key],
  )
  return row?.fresh === false ? readRecord(tx, counter) : undefined
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
