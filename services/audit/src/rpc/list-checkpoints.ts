import { recordAudit } from '@sallyport/audit-events/record'
import type { ListCheckpointsRequest, ListCheckpointsResponse } from '@sallyport/contracts/audit/v1/audit'
import { pageOf, pageQuery } from '@sallyport/database/page'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { readCheckpoints } from '../store/checkpoints.ts'
import { checkpointMessage } from './checkpoint-message.ts'

type Deps = { readonly pool: Pool }

/** Reads a page of the tenant's signed checkpoints, newest first. */
export const listCheckpoints =
  ({ pool }: Deps) =>
  async (request: ListCheckpointsRequest, call: Call): Promise<ListCheckpointsResponse> => {
    const query = pageQuery(request.page, 1)
    const before = query.after && sequenceOf(query.after)
    const { tenantId } = call.caller
    return pgTenantTransaction(pool, tenantId, async sql => {
      const rows = await readCheckpoints(sql, tenantId, { before, limit: query.size + 1 })
      const { items, nextCursor } = pageOf(rows, query, ({ sequence }) => [String(sequence)])
      await recordAudit(sql, call, 'audit.checkpoints_listed', { details: { count: items.length } })
      return { checkpoints: items.map(checkpointMessage), page: { nextCursor } }
    })
  }

const sequenceOf = ([sequence]: readonly string[]): number => {
  if (!/^\d{1,15}$/.test(sequence ?? '')) throw new SallyportError('cursor.invalid')
  return Number(sequence)
}
