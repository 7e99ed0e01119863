import type { Sql } from '@sallyport/database/sql'

/**
 * Has the next questions of a transaction read in the order of an index, and stop when they have enough. PostgreSQL, which
 * counts no tenants, may believe that a trail is short, and sort all of it for each page. Where an index is gone it
 * still sorts.
 */
export const inIndexOrder = async (sql: Sql): Promise<void> => {
  await sql.query(`select set_config('enable_sort', 'off', true)`, [])
}
