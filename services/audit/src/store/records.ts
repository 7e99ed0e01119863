import type { Sql } from '@sallyport/database/sql'
import { inIndexOrder } from './in-index-order.ts'

export type StoredRecord = {
  readonly sequence: string
  readonly occurred_at: Date
  readonly body: Buffer
  readonly mac: Buffer
}

/** What a query asks for; absent means any. */
export type RecordFilter = {
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  readonly actorId?: string | undefined
  readonly targetId?: string | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  readonly sessionId?: string | undefined
  readonly outcome?: string | undefined
}

/** The place in the order from which a page goes on: older than this. */
export type RecordPlace = { readonly occurredAt: Date; readonly sequence: string }

const conditions: Readonly<Record<keyof RecordFilter, string>> = {
  from: 'occurred_at >=',
  to: 'occurred_at <',
  actorId: 'actor_id =',
  targetId: 'target_id =',
  code: 'code =',
  requestId: 'request_id =',
  sessionId: 'session_id =',
  outcome: 'outcome =',
}

const columns = 'sequence, occurred_at, body, mac'

/** The records that match, newest first. */
export const findRecords = (
  sql: Sql,
  tenantId: string,
  filter: RecordFilter,
  page: { readonly after: RecordPlace | undefined; readonly limit: number },
): Promise<StoredRecord[]> => {
  const params: unknown[] = [tenantId]
  const bind = (value: unknown): string => `$${params.push(value)}`
  const where = ['tenant_id = $1::uuid']
  for (const [key, condition] of Object.entries(conditions)) {
    const value = Object.getOwnPropertyDescriptor(filter, key)?.value
    if (value !== undefined) where.push(`${condition} ${bind(value)}`)
  }
  // An empty id is no filter, and lets the partial indexes be used.
  if (filter.requestId) where.push(`request_id <> ''`)
  if (filter.sessionId) where.push(`session_id <> ''`)
  if (page.after) {
    where.push(
      `(occurred_at, sequence) < (${bind(page.after.occurredAt)}, ${bind(page.after.sequence)}::bigint)`,
    )
  }
  return sql.query(
    `select ${columns} from records where ${where.join(' and ')}
     order by occurred_at desc, sequence desc limit ${bind(page.limit)}`,
    params,
  )
}

export const findRecord = async (
  sql: Sql,
  tenantId: string,
  sequence: bigint,
): Promise<StoredRecord | undefined> => {
  const [row] = await sql.query<StoredRecord>(
    `select ${columns} from records where tenant_id = $1::uuid and sequence = $2::bigint`,
    [tenantId, sequence],
  )
  return row
}

/** The records that follow a position, in order. */
export const recordsAfter = async (
  sql: Sql,
  tenantId: string,
  position: number,
  limit: number,
): Promise<StoredRecord[]> => {
  await inIndexOrder(sql)
  return sql.query(
    `select ${columns} from records where tenant_id = $1::uuid and sequence > $2::bigint order by sequence limit $3`,
    [tenantId, position, limit],
  )
}
