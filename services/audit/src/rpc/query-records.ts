import { recordAudit } from '@sallyport/audit-events/record'
import type { QueryRecordsRequest, QueryRecordsResponse } from '@sallyport/contracts/audit/v1/audit'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { findRecords, type RecordFilter, type RecordPlace } from '../store/records.ts'
import { recordMessage } from './record-message.ts'

type Deps = { readonly pool: Pool }

/** Reads a page of the trail; that it was read is itself recorded, with what was asked for. */
export const queryRecords =
  ({ pool }: Deps) =>
  async (request: QueryRecordsRequest, call: Call): Promise<QueryRecordsResponse> => {
    const filter = filterOf(request)
    const query = pageQuery(request.page, 2)
    const after = query.after && placeOf(query.after)
    const { tenantId } = call.caller
    return pgTenantTransaction(pool, tenantId, async sql => {
      const rows = await findRecords(sql, tenantId, filter, { after, limit: query.size + 1 })
      const { items, nextCursor } = pageOf(rows, query, row => [row.occurred_at.toISOString(), row.sequence])
      await recordAudit(sql, call, 'audit.queried', {
        details: { filters: describe(filter), count: items.length },
      })
      return { records: items.map(recordMessage), page: { nextCursor } }
    })
  }

const text = (name: string, value: string): string | undefined => {
  if (value.length > 200 || value.includes('\0'))
    throw new SallyportError('request.invalid', `${name} is too long`)
  return value || undefined
}

const filterOf = (request: QueryRecordsRequest): RecordFilter => {
  if (!['', 'success', 'failure'].includes(request.outcome)) {
    throw new SallyportError('request.invalid', 'outcome is success, failure or empty')
  }
  return {
    from: time('from', request.from),
    to: time('to', request.to),
    actorId: text('actor_id', request.actorId),
    targetId: text('target_id', request.targetId),
    code: text('code', request.code),
    requestId: text('request_id', request.requestId),
    sessionId: text('session_id', request.sessionId),
    outcome: request.outcome || undefined,
  }
}

const time = (name: string, value: Date | undefined): Date | undefined => {
  if (value === undefined) return undefined
  // PostgreSQL's timestamps end earlier than those that a message can hold.
  const year = value.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) throw new SallyportError('request.invalid', `${name} is not a time`)
  return value
}

const placeOf = ([at, sequence]: readonly string[]): RecordPlace => {
  const occurredAt = new Date(at ?? '')
  const isPlace = !Number.isNaN(occurredAt.getTime()) && /^\d{1,18}$/.test(sequence ?? '')
  if (!isPlace || sequence === undefined) throw new SallyportError('cursor.invalid')
  return { occurredAt, sequence }
}

const describe = (filter: RecordFilter): string[] =>
  Object.entries(filter).flatMap(([name, value]: [string, Date | string | undefined]) =>
    value === undefined ? [] : [`${name}=${value instanceof Date ? value.toISOString() : value}`],
  )
