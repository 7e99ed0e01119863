import type { Sql } from '@sallyport/database/sql'

/**
 * How many rows of a table PostgreSQL looks at for some work: those that a scan passes and those that indexes lead to.
 * @param sql of one transaction, in which the work is done
 * @param table with its schema
 */
export const rowsReadBy = async (sql: Sql, table: string, work: () => Promise<unknown>): Promise<number> => {
  // What earlier transactions of the connection read may not have been passed on yet, and counts as well.
  const soFar = async (): Promise<number> => {
    const [row] = await sql.query<{ rows: string }>(
      'select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables where relid = $1::regclass',
      [table],
    )
    return Number(row?.rows)
  }
  const before = await soFar()
  await work()
  return (await soFar()) - before
}
