import { recordAudit } from '@sallyport/audit-events/record'
import type { VerifyChainRequest, VerifyChainResponse } from '@sallyport/contracts/audit/v1/audit'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Call } from '@sallyport/rpc/call'
import type { ChainKeys } from '../chain-keys.ts'
import { findingText } from '../domain/verdict-text.ts'
import { databaseTrail } from '../store/database-trail.ts'
import { verifyTrail } from '../verify-trail.ts'

type Deps = {
  readonly pool: Pool
  readonly keys: Pick<ChainKeys, 'macOf' | 'isSigned'>
  readonly checkpointDirectory: string
}

/** Walks the tenant's whole chain. What it found is recorded, intact or not. */
export const verifyChain =
  ({ pool, keys, checkpointDirectory }: Deps) =>
  async (_request: VerifyChainRequest, call: Call): Promise<VerifyChainResponse> => {
    const { tenantId } = call.caller
    const source = databaseTrail(pool, call.signal)
    const { records, checkpoints, finding } = await verifyTrail(
      { source, keys, checkpointDirectory },
      tenantId,
    )
    const verdict = {
      intact: finding === undefined,
      records: BigInt(records),
      checkpoints: BigInt(checkpoints),
      badSequence: BigInt(finding?.badSequence ?? 0),
      problem: finding ? findingText(finding) : '',
    }
    await pgTenantTransaction(pool, tenantId, sql =>
      recordAudit(sql, call, 'audit.verified', {
        outcome: verdict.intact ? 'success' : 'failure',
        details: {
          intact: verdict.intact,
          records,
          checkpoints,
          bad_sequence: finding?.badSequence,
          problem: finding?.problem,
        },
      }),
    )
    return verdict
  }
