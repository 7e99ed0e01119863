import { recordAudit } from '@sallyport/audit-events/record'
import type { GetRecordRequest, GetRecordResponse } from '@sallyport/contracts/audit/v1/audit'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { findRecord } from '../store/records.ts'
import { recordMessage } from './record-message.ts'

type Deps = { readonly pool: Pool }

/** Reads one record by its place in the tenant's trail. */
export const getRecord =
  ({ pool }: Deps) =>
  async ({ sequence }: GetRecordRequest, call: Call): Promise<GetRecordResponse> => {
    const { tenantId } = call.caller
    return pgTenantTransaction(pool, tenantId, async sql => {
      const row = await findRecord(sql, tenantId, sequence)
      if (!row) throw new SallyportError('audit_record.not_found')
      await recordAudit(sql, call, 'audit.queried', { details: { sequence, count: 1 } })
      return { record: recordMessage(row) }
    })
  }
