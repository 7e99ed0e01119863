import { createHash } from 'node:crypto'
import { SallyportError } from '@sallyport/errors/error'
import type { Sql } from './sql.ts'

/** Who repeats what. `key` undefined: the caller did not ask for it, and the work simply runs. */
export type Once = {
  readonly tenantId: string
  readonly subjectId: string
  readonly key: string | undefined
  readonly method: string
  /** The request as it came, encoded. */
  readonly request: Uint8Array
  /** Notes that an answer was replayed, so that no audit event is expected of this call. */
  readonly audited: Set<string>
}

export type Codec<R> = {
  readonly encode: (response: R) => Uint8Array
  readonly decode: (bytes: Uint8Array) => R
}

const keepHours = 24

/**
 * Runs work at most once for an Idempotency-Key, and answers a repetition with the first answer. Must be called in the
 * tenant's transaction in which the work makes its change. Keys are kept for 24 hours.
 * @param codec absent for answers with a secret: they are not stored, and a repetition is refused
 * @throws SallyportError `idempotency.conflict` if the key was used with another request
 */
export const runOnce = async <R>(
  sql: Sql,
  once: Once,
  codec: Codec<R> | undefined,
  work: () => Promise<R>,
): Promise<R> => {
  const { key } = once
  if (key === undefined) return work()
  if (key.length > 255)
    throw new SallyportError('request.invalid', 'An idempotency key has at most 255 characters')
  const hash = createHash('sha256').update(once.method).update('\0').update(once.request).digest()
  if (!(await claim(sql, once, key, hash))) return replay(sql, once, key, hash, codec)
  const response = await work()
  if (codec) {
    await sql.query(
      'update idempotency_keys set response = $4 where tenant_id = $1::uuid and subject_id = $2::uuid and key = $3',
      [once.tenantId, once.subjectId, key, Buffer.from(codec.encode(response))],
    )
  }
  return response
}

/** A second call with the same key waits here until the first one's transaction has ended. */
const claim = async (sql: Sql, once: Once, key: string, hash: Buffer): Promise<boolean> => {
  await sql.query(`delete from idempotency_keys where created_at < now() - interval '${keepHours} hours'`, [])
  const claimed = await sql.query(
    `insert into idempotency_keys (tenant_id, subject_id, key, method, request_hash)
     values ($1::uuid, $2::uuid, $3, $4, $5) on conflict do nothing returning key`,
    [once.tenantId, once.subjectId, key, once.method, hash],
  )
  return claimed.length === 1
}

type Stored = { request_hash: Uint8Array; response: Uint8Array | null }

const replay = async <R>(
  sql: Sql,
  once: Once,
  key: string,
  hash: Buffer,
  codec: Codec<R> | undefined,
): Promise<R> => {
  const [stored] = await sql.query<Stored>(
    `select request_hash, response from idempotency_keys
     where tenant_id = $1::uuid and subject_id = $2::uuid and key = $3`,
    [once.tenantId, once.subjectId, key],
  )
  if (!stored || !hash.equals(stored.request_hash)) throw new SallyportError('idempotency.conflict')
  if (!codec || !stored.response) throw new SallyportError('idempotency.answer_not_kept')
  once.audited.add('replayed')
  return codec.decode(stored.response)
}
