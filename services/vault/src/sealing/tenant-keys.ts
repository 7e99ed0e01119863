import { newSealingKey, type SealingKey, sealingKeyOf } from '@sallyport/crypto/envelope'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import type { SealContext } from '@sallyport/crypto/seal-context'
import { keyIdOf } from '@sallyport/crypto/sealed-blob'
import { Secret } from '@sallyport/crypto/secret'
import { isForeignKeyViolation } from '@sallyport/database/failure'
import type { Sql } from '@sallyport/database/sql'
import { isReasonError, SallyportError } from '@sallyport/errors/error'
import type { Database } from '../store/database.ts'

/** A tenant's keys, opened: one seals, all of them open. */
export type TenantKeyRing = {
  readonly primary: SealingKey
  readonly byId: ReadonlyMap<string, SealingKey>
  /** To be called whenever the primary key wraps another one. */
  readonly countUse: () => void
}

/** How often a key wrapped another one. */
export type KeyUses = { readonly tenantId: string; readonly keyId: string; readonly count: number }

export type TenantKeys = {
  /** The tenant's keys; made if it has none. Not inside a transaction: root keys may be remote. */
  readonly ringOf: (tenantId: string) => Promise<TenantKeyRing>
  /**
   * Does work with the tenant's keys, which may be up to ten seconds old. If it fails as it would when they were
   * rotated meanwhile, it is done once more with the present ones: so `work` must have rolled back when it fails.
   */
  readonly withRing: <R>(tenantId: string, work: (ring: TenantKeyRing) => Promise<R>) => Promise<R>
  /** Makes another key the primary one, in the caller's transaction; the older ones stay. Gives its id. */
  readonly addPrimary: (sql: Sql, tenantId: string) => Promise<string>
  /** Wraps one tenant key anew under the primary root key, in the caller's transaction. */
  readonly rewrap: (sql: Sql, tenantId: string, keyId: string) => Promise<void>
  /** How often this process used each key since the last call. */
  readonly takeUses: () => readonly KeyUses[]
  readonly addUses: (uses: KeyUses) => void
}

type Deps = {
  database: Pick<Database, 'sqlInTenant'>
  provider: RootKeyProvider
  newId: () => string
  now: () => Date
}

type Row = { id: string; wrapped_key: Uint8Array; is_primary: boolean }

/** Opened keys and rings that are kept at once; what was used least recently is opened again when needed. */
const MAX_KEPT = 10_000
const RING_TTL_MS = 10_000

export const createTenantKeys = ({ database, provider, newId, now }: Deps): TenantKeys => {
  const opened = new Map<string, SealingKey>()
  const rings = new Map<string, { ring: TenantKeyRing; at: number }>()
  const uses = new Map<string, KeyUses>()

  const addUses = ({ tenantId, keyId, count }: KeyUses): void => {
    uses.set(keyId, { tenantId, keyId, count: count + (uses.get(keyId)?.count ?? 0) })
  }

  const openKey = async (tenantId: string, { id, wrapped_key }: Row): Promise<SealingKey> => {
    const known = opened.get(id)
    const key = known ?? (await unwrap(tenantId, id, wrapped_key))
    keep(opened, id, key)
    return key
  }
  const unwrap = async (tenantId: string, id: string, wrapped: Uint8Array): Promise<SealingKey> => {
    using material = await provider.unwrap(wrapped, keyContext(tenantId, id))
    return sealingKeyOf(id, material)
  }
  const addPrimary = async (sql: Sql, tenantId: string): Promise<string> => {
    await holdRootKeys(sql, 'shared')
    const key = newSealingKey(newId())
    using material = Secret.of(key.key.export())
    const wrapped = await provider.wrap(material, keyContext(tenantId, key.id))
    await sql.query('update tenant_keys set is_primary = false where tenant_id = $1::uuid and is_primary', [
      tenantId,
    ])
    await sql.query(
      `insert into tenant_keys (id, tenant_id, wrapped_key, root_key_id, is_primary, created_at)
       values ($1::uuid, $2::uuid, $3, $4, true, $5::timestamptz)`,
      [key.id, tenantId, wrapped, keyIdOf(wrapped), now()],
    )
    return key.id
  }

  const ringOf = async (tenantId: string): Promise<TenantKeyRing> => {
    const rows = await database.sqlInTenant(tenantId, async sql => {
      const found = await readRows(sql, tenantId)
      if (found.length > 0) return found
      // Two first uses at once must not make two keys.
      await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `vault tenant key ${tenantId}`,
      ])
      if ((await readRows(sql, tenantId)).length === 0) await addPrimary(sql, tenantId)
      return readRows(sql, tenantId)
    })
    const keys = await Promise.all(rows.map(row => openKey(tenantId, row)))
    const primary = keys[rows.findIndex(row => row.is_primary)]
    if (primary === undefined) throw new SallyportError('root_key.unavailable')
    const countUse = (): void => addUses({ tenantId, keyId: primary.id, count: 1 })
    const ring = { primary, byId: new Map(keys.map(key => [key.id, key])), countUse }
    keep(rings, tenantId, { ring, at: now().getTime() })
    return ring
  }
  const recentRingOf = async (tenantId: string): Promise<TenantKeyRing> => {
    const known = rings.get(tenantId)
    return known && Math.abs(now().getTime() - known.at) < RING_TTL_MS ? known.ring : ringOf(tenantId)
  }

  return {
    ringOf,
    withRing: async (tenantId, work) => {
      const ring = await recentRingOf(tenantId)
      try {
        return await work(ring)
      } catch (error) {
        if (!isReasonError(error, 'sealed_value.refused') && !isForeignKeyViolation(error)) throw error
        const present = await ringOf(tenantId)
        if (sameKeys(ring, present)) throw error
        return await work(present)
      }
    },
    addPrimary,
    addUses,
    takeUses: () => {
      const taken = [...uses.values()]
      uses.clear()
      return taken
    },
    rewrap: async (sql, tenantId, keyId) => {
      await holdRootKeys(sql, 'shared')
      const [row] = await sql.query<Row>(
        'select id, wrapped_key, is_primary from tenant_keys where tenant_id = $1 and id = $2 for update',
        [tenantId, keyId],
      )
      if (row === undefined) return
      const context = keyContext(tenantId, keyId)
      using material = await provider.unwrap(row.wrapped_key, context)
      const wrapped = await provider.wrap(material, context)
      await sql.query(
        'update tenant_keys set wrapped_key = $3, root_key_id = $4 where tenant_id = $1 and id = $2',
        [tenantId, keyId, wrapped, keyIdOf(wrapped)],
      )
    },
  }
}

/**
 * Held shared while a key is wrapped, and alone while a root key is counted and retired: so nothing new can come
 * under a root key between the count and its end. Until the transaction's end.
 */
export const holdRootKeys = async (sql: Sql, mode: 'shared' | 'alone'): Promise<void> => {
  const lock = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock'
  // As text: Prisma cannot read a column of type void.
  await sql.query(`select ${lock}(hashtextextended('vault root keys', 0))::text`, [])
}

const sameKeys = (a: TenantKeyRing, b: TenantKeyRing): boolean =>
  a.primary.id === b.primary.id && a.byId.size === b.byId.size

const keep = <V>(cache: Map<string, V>, key: string, value: V): void => {
  cache.delete(key)
  cache.set(key, value)
  const [oldest] = cache.keys()
  if (cache.size > MAX_KEPT && oldest !== undefined) cache.delete(oldest)
}

const readRows = (sql: Sql, tenantId: string): Promise<Row[]> =>
  sql.query<Row>('select id, wrapped_key, is_primary from tenant_keys where tenant_id = $1 order by id', [
    tenantId,
  ])

/** Where a tenant key belongs, under a root key. */
export const keyContext = (tenantId: string, keyId: string): SealContext => ({
  tenant: tenantId,
  table: 'tenant_keys',
  row: keyId,
  column: 'wrapped_key',
  version: 1,
})
