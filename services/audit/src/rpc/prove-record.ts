import { recordAudit } from '@sallyport/audit-events/record'
import type { ProveRecordRequest, ProveRecordResponse } from '@sallyport/contracts/audit/v1/audit'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { ChainKeys } from '../chain-keys.ts'
import { newestRoot } from '../store/checkpoints.ts'
import { findRecord } from '../store/records.ts'
import { readTree } from '../store/tree-nodes.ts'
import { proveInclusion } from '../tree/tiles.ts'
import { checkpointMessage } from './checkpoint-message.ts'

type Deps = { readonly pool: Pool; readonly keys: Pick<ChainKeys, 'publicKey'> }

/** Proves that a record is in the trail, under the newest checkpoint. */
export const proveRecord =
  ({ pool, keys }: Deps) =>
  async ({ sequence }: ProveRecordRequest, call: Call): Promise<ProveRecordResponse> => {
    const { tenantId } = call.caller
    return pgTenantTransaction(pool, tenantId, async sql => {
      const row = await findRecord(sql, tenantId, sequence)
      if (!row) throw new SallyportError('audit_record.not_found')
      const checkpoint = await newestRoot(sql, tenantId)
      if (!checkpoint || checkpoint.sequence < sequence) throw new SallyportError('audit_record.unsigned')
      const { path } = await proveInclusion(
        readTree(sql, tenantId),
        checkpoint.sequence,
        Number(sequence) - 1,
      )
      await recordAudit(sql, call, 'audit.proved', { details: { sequence, checkpoint: checkpoint.sequence } })
      return {
        tenantId,
        sequence,
        body: row.body,
        path: [...path],
        checkpoint: checkpointMessage(checkpoint),
        publicKey: keys.publicKey,
      }
    })
  }
