import type { Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { ChainKeys } from '../chain-keys.ts'
import { genesis, type Head, linkMac, type Mac } from '../domain/chain.ts'
import { addNodes, countNodes, readTree } from '../store/tree-nodes.ts'
import { type Hash, leafHash, rootOf } from './merkle.ts'
import { rootAt, tileSize } from './tiles.ts'

type Deps = { readonly app: Pool; readonly keys: Pick<ChainKeys, 'macOf'> }

/** A record that is not as it was written stands in the way: nothing from it on is signed. */
export class DamagedTrailError extends Error {
  readonly badSequence: number

  constructor(badSequence: number) {
    super(`Audit record ${badSequence} is not as it was written`)
    this.badSequence = badSequence
  }
}

/** So many records are read at once: a whole number of tiles. */
const batch = 8 * tileSize

/**
 * Brings the tree up to a chain's head; gives the root of the tree that ends there.
 *
 * INVARIANT: a leaf goes into the tree only after its place in the keyed chain was proved, so that what is signed is
 * what was recorded, whoever could write to the table meanwhile. Throws `DamagedTrailError`.
 */
export const growTree = async ({ app, keys }: Deps, tenantId: string, head: Head): Promise<Hash> => {
  const mac = keys.macOf(tenantId)
  const inTenant = <R>(work: (sql: Sql) => Promise<R>): Promise<R> => pgTenantTransaction(app, tenantId, work)
  let place = (await inTenant(sql => countNodes(sql, tenantId, 1))) * tileSize
  let leaves: Hash[]
  do {
    const to = Math.min(place + batch, head.sequence)
    leaves = await inTenant(async sql => {
      const proved = await provedLeaves(sql, mac, { tenantId, from: place, to, head })
      await addTiles(sql, tenantId, 1, place / tileSize, proved)
      return proved
    })
    place = to
  } while (place < head.sequence)
  return inTenant(async sql => {
    await growUpperLevels(sql, tenantId)
    const read = readTree(sql, tenantId)
    const part = leaves.slice(leaves.length - (head.sequence % tileSize))
    return rootAt(async (level, from, to) => (level === 0 ? part : read(level, from, to)), head.sequence)
  })
}

type Span = { tenantId: string; from: number; to: number; head: Head }

const provedLeaves = async (sql: Sql, mac: Mac, { tenantId, from, to, head }: Span): Promise<Hash[]> => {
  // With the record before: its MAC is where the chain goes on.
  const rows = await sql.query<{ sequence: string; body: Buffer; mac: Buffer }>(
    `select sequence, body, mac from records
     where tenant_id = $1::uuid and sequence >= $2::bigint and sequence <= $3::bigint order by sequence`,
    [tenantId, from, to],
  )
  let previous: Uint8Array = from === 0 ? genesis.mac : (rows.shift()?.mac ?? genesis.mac)
  for (let sequence = from + 1; sequence <= to; sequence += 1) {
    const row = rows[sequence - from - 1]
    const isGenuine =
      row && Number(row.sequence) === sequence && row.mac.equals(linkMac(mac, previous, sequence, row.body))
    if (!isGenuine || (sequence === head.sequence && !row.mac.equals(head.mac)))
      throw new DamagedTrailError(sequence)
    previous = row.mac
  }
  return rows.map(({ body }) => leafHash(body))
}

const addTiles = async (
  sql: Sql,
  tenantId: string,
  level: number,
  from: number,
  below: readonly Hash[],
): Promise<void> => {
  const roots = Array.from({ length: Math.floor(below.length / tileSize) }, (_, tile) =>
    rootOf(below.slice(tile * tileSize, (tile + 1) * tileSize)),
  )
  if (roots.length > 0) await addNodes(sql, tenantId, level, from, roots)
}

const growUpperLevels = async (sql: Sql, tenantId: string): Promise<void> => {
  const read = readTree(sql, tenantId)
  for (let level = 1; ; level += 1) {
    const full = Math.floor((await countNodes(sql, tenantId, level)) / tileSize)
    if (full === 0) return
    const known = await countNodes(sql, tenantId, level + 1)
    for (let tile = known; tile < full; tile += 1)
      await addTiles(
        sql,
        tenantId,
        level + 1,
        tile,
        await read(level, tile * tileSize, (tile + 1) * tileSize),
      )
  }
}
