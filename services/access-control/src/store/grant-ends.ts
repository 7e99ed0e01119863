import type { Sql } from '@sallyport/database/sql'

/** When a grant ends, or that it has ended already, and why. */
export type GrantEnd = {
  readonly id: string
  readonly endsAt: Date
  readonly endedAt: Date | null
  readonly revokedReason: string
}

const endsSql = `select id, ends_at as "endsAt", ended_at as "endedAt", revoked_reason as "revokedReason"
  from grants where id = any($1::uuid[])`

/** Of those ids that are grants of the tenant. Every release of a secret asks: the plan is kept. */
export const grantEnds = (sql: Sql, ids: readonly string[]): Promise<GrantEnd[]> =>
  sql.query<GrantEnd>(endsSql, [ids], 'grant-ends')
