import { SallyportError } from '@sallyport/errors/error'
import { type SealingKey, sealingKeyOf } from './envelope.ts'
import { Secret } from './secret.ts'

const FORMAT = 'sallyport-key-ring/1'

/** Root keys by id. New values are sealed under the primary one. */
export type KeyRing = { primaryId: string; keys: ReadonlyMap<string, SealingKey> }

/** The ring with `key` added as its primary. */
export const withPrimary = (ring: KeyRing | undefined, key: SealingKey): KeyRing => ({
  primaryId: key.id,
  keys: new Map([...(ring?.keys ?? []), [key.id, key]]),
})

/** The ring without the key `id`. Throws `root_key.in_use` for the primary one. */
export const without = (ring: KeyRing, id: string): KeyRing => {
  if (id === ring.primaryId) throw new SallyportError('root_key.in_use')
  return { primaryId: ring.primaryId, keys: new Map([...ring.keys].filter(([keyId]) => keyId !== id)) }
}

/** The file's content: JSON with the keys in base64. */
export const renderKeyRing = (ring: KeyRing): Secret => {
  const keys = [...ring.keys.values()].map(({ id, key }) => ({ id, key: key.export().toString('base64') }))
  return Secret.fromUtf8(`${JSON.stringify({ format: FORMAT, primary: ring.primaryId, keys }, null, 2)}\n`)
}

/** Reads the file's content. Throws `root_key.unavailable`; the error never quotes the content. */
export const parseKeyRing = (content: Secret): KeyRing => {
  const document = parseJson(content)
  if (!isRecord(document) || document['format'] !== FORMAT) throw unreadable('is not a key ring')
  const { primary, keys } = document
  if (typeof primary !== 'string' || !Array.isArray(keys)) throw unreadable('is not a key ring')
  const byId = new Map(keys.map(entry => parseEntry(entry)).map(key => [key.id, key]))
  if (byId.size !== keys.length) throw unreadable('names a key twice')
  if (!byId.has(primary)) throw unreadable('does not contain its primary key')
  return { primaryId: primary, keys: byId }
}

export const unreadable = (what: string, cause?: unknown): SallyportError =>
  new SallyportError('root_key.unavailable', `the key ring file ${what}`, { cause })

const parseEntry = (entry: unknown): SealingKey => {
  if (!isRecord(entry) || typeof entry['id'] !== 'string' || typeof entry['key'] !== 'string')
    throw unreadable('has a malformed entry')
  using material = Secret.of(Buffer.from(entry['key'], 'base64'))
  if (material.byteLength !== 32) throw unreadable('has a key that is not 256 bits')
  return sealingKeyOf(entry['id'], material)
}

// JSON.parse quotes its input in error messages, so its error must not be kept as a cause.
const parseJson = (content: Secret): unknown => {
  try {
    return JSON.parse(content.use(bytes => bytes.toString('utf8')))
  } catch {
    throw unreadable('is not JSON')
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
