import type { Pool } from 'pg'

/** The number that a statement's one row has under `value`; 0 for NULL and for no row. */
export const numberOf = async (pool: Pool, sql: string): Promise<number> => {
  const { rows } = await pool.query<{ value: string | null }>(sql)
  return Number(rows[0]?.value ?? 0)
}
