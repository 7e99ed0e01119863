import type { Head } from '../domain/chain.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'
import type { ChainRow } from '../domain/verify-chain.ts'

/** Where a trail can be read for verification: the database, or an export of it. */
export type TrailSource = {
  readonly tenants: () => Promise<readonly string[]>
  readonly head: (tenantId: string) => Promise<Head | undefined>
  readonly checkpoints: (tenantId: string) => Promise<readonly Checkpoint[]>
  /** In the order of their sequence numbers. */
  readonly rows: (tenantId: string) => AsyncIterable<ChainRow>
}
