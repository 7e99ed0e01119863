import { asQuery } from '@sallyport/database/failure'
import type { Pool } from '@sallyport/database/pool'

type Count = { readonly key: Uint8Array; readonly count: number }

// In the order of their keys, or two gateways could wait for each other.
const addSql = `
  insert into shared_counts as stored (key, minute, count)
  select key, $3, count from unnest($1::bytea[], $2::bigint[]) as fresh(key, count) order by key
  on conflict (key) do update set
    count = case when stored.minute >= excluded.minute then stored.count else 0 end + excluded.count,
    minute = greatest(stored.minute, excluded.minute)
  returning encode(key, 'hex') as key, count`

// Whoever adds to one of them meanwhile goes first.
const forgetSql = `
  delete from shared_counts where key in (
    select key from shared_counts where minute < $1 order by key for update skip locked)`

/**
 * Adds counts to those of a minute (since 1970). What was counted in an earlier one is forgotten with it.
 * @param worker the worker role's: counts belong to no tenant
 * @returns the sums, by key in hexadecimal
 */
export const addCounts = async (
  worker: Pool,
  counts: readonly Count[],
  minute: number,
): Promise<ReadonlyMap<string, number>> => {
  const keys = counts.map(({ key }) => Buffer.from(key))
  const values = counts.map(({ count }) => count)
  const { rows } = await asQuery(worker.query<{ key: string; count: string }>(addSql, [keys, values, minute]))
  return new Map(rows.map(({ key, count }) => [key, Number(count)]))
}

/** Forgets the counts of minutes before this one. */
export const forgetCounts = async (worker: Pool, minute: number): Promise<void> => {
  await asQuery(worker.query(forgetSql, [minute]))
}
