import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { isReasonError, SallyportError } from '@sallyport/errors/error'
import type { Database } from '../store/database.ts'
import { keyContext } from './tenant-keys.ts'

type Deps = Pick<Database, 'asWorker' | 'sqlInTenant'>
type Key = { id: string; tenant_id: string }

/** Of each root key so many tenant keys are tried: one that somebody damaged must not keep everybody out. */
const TRIES = 5

/**
 * Proves that every root key that something is wrapped under is at hand, by opening what is: a wrong key file is told
 * at the start, and not by whoever first needs a secret. Throws `root_key.wrong`.
 */
export const proveRootKeys = async (database: Deps, provider: RootKeyProvider): Promise<void> => {
  const keys = await database.asWorker(sql =>
    sql.query<Key & { root_key_id: string }>(
      `select root_key_id, id, tenant_id from (
         select root_key_id, id, tenant_id, row_number() over (partition by root_key_id order by id) as place
         from tenant_keys) as numbered
       where place <= $1`,
      [TRIES],
    ),
  )
  for (const [rootKeyId, wrapped] of Map.groupBy(keys, key => key.root_key_id)) {
    const opened = await Promise.all(wrapped.map(key => opens(database, provider, key)))
    if (!opened.includes(true))
      throw new SallyportError(
        'root_key.wrong',
        `Nothing opens that was sealed under the root key ${rootKeyId}`,
      )
  }
}

const opens = async (database: Deps, provider: RootKeyProvider, { id, tenant_id }: Key): Promise<boolean> => {
  const [row] = await database.sqlInTenant(tenant_id, sql =>
    sql.query<{ wrapped_key: Uint8Array }>('select wrapped_key from tenant_keys where id = $1', [id]),
  )
  if (row === undefined) return true
  try {
    using _ = await provider.unwrap(row.wrapped_key, keyContext(tenant_id, id))
    return true
  } catch (error) {
    if (!isReasonError(error, 'sealed_value.refused')) throw error
    return false
  }
}
