import type { Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Head } from '../domain/chain.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'

type Row = {
  tenant_id: string
  sequence: string
  mac: Buffer
  root: Buffer | null
  signed_at: Date
  key_id: string
  signature: Buffer
}

export const checkpointOf = (row: Row): Checkpoint => ({
  tenantId: row.tenant_id,
  sequence: Number(row.sequence),
  mac: row.mac,
  root: row.root ?? undefined,
  signedAt: row.signed_at,
  keyId: row.key_id,
  signature: row.signature,
})

const columns = 'tenant_id, sequence, mac, root, signed_at, key_id, signature'

/** The newest checkpoint from which a proof can start. */
export const newestRoot = async (sql: Sql, tenantId: string): Promise<Checkpoint | undefined> => {
  const [row] = await sql.query<Row>(
    `select ${columns} from checkpoints where tenant_id = $1::uuid and root is not null
     order by sequence desc limit 1`,
    [tenantId],
  )
  return row && checkpointOf(row)
}

/** The tenant's checkpoints, newest first; `before` a sequence number if given. */
export const readCheckpoints = async (
  sql: Sql,
  tenantId: string,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<Checkpoint[]> => {
  const rows = await sql.query<Row>(
    `select ${columns} from checkpoints
     where tenant_id = $1::uuid and ($2::bigint is null or sequence < $2::bigint)
     order by sequence desc limit $3`,
    [tenantId, before ?? null, limit],
  )
  return rows.map(checkpointOf)
}

export const storeCheckpoint = (pool: Pool, checkpoint: Checkpoint): Promise<void> =>
  pgTenantTransaction(pool, checkpoint.tenantId, async sql => {
    const { tenantId, sequence, mac, root, signedAt, keyId, signature } = checkpoint
    await sql.query(
      `insert into checkpoints (${columns})
       values ($1::uuid, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
      [tenantId, sequence, mac, root ?? null, signedAt, keyId, signature],
    )
  })

/** The chains that grew since their last checkpoint. For the worker role, which sees every tenant's head. */
export const grownChains = async (worker: Pool): Promise<(Head & { tenantId: string })[]> => {
  const { rows } = await worker.query<{ tenant_id: string; sequence: string; mac: Buffer }>(
    `select tenant_id, sequence, mac from heads
     where sequence > coalesce(
       (select max(sequence) from checkpoints where checkpoints.tenant_id = heads.tenant_id), 0)`,
  )
  return rows.map(row => ({ tenantId: row.tenant_id, sequence: Number(row.sequence), mac: row.mac }))
}
