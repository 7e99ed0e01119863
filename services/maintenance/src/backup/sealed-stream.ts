import { pipeline, Readable } from 'node:stream'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { decrypt, encrypt } from './age.ts'
import { BackupError } from './backup-error.ts'
import { cut, maxPartBytes } from './parts.ts'
import { fetchObject, type StoredObject, storeObject } from './stored-object.ts'

type SealOptions = {
  readonly store: Pick<ObjectStore, 'put'>
  /** The objects' names without their numbers. */
  readonly name: string
  readonly recipients: readonly string[]
  readonly partBytes?: number
}

/**
 * Packs (zstd), encrypts (age) and stores a stream, in as many objects as it takes: none for an empty one. Never holds more
 * than two.
 */
export const sealStream = async (
  plain: Readable,
  { store, name, recipients, partBytes = maxPartBytes }: SealOptions,
): Promise<StoredObject[]> => {
  const chunks = plain[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done) return []
  const whole = Readable.from(startingWith(first.value, chunks), { objectMode: false })
  const packed = Readable.toWeb(pipeline(whole, createZstdCompress(), seenByReader))
  const sealed = await encrypt(packed as ReadableStream<Uint8Array>, recipients)
  const objects: StoredObject[] = []
  for await (const part of cut(sealed, partBytes))
    objects.push(await storeObject(store, numbered(name, objects.length + 1), part))
  return objects
}

/** Sorted by name they are in order, for whoever opens them with other tools. */
const numbered = (name: string, number: number): string => `${name}.${String(number).padStart(6, '0')}`

/** A failure of an earlier stream reaches whoever reads the last one. */
const seenByReader = (): void => {}

async function* startingWith<T>(first: T, rest: AsyncIterator<T>): AsyncGenerator<T> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** What was sealed, once every object was proved. Fails as it is read for what was not. */
export const openStream = async (
  store: Pick<ObjectStore, 'get'>,
  objects: readonly StoredObject[],
  identity: Secret,
): Promise<Readable> => {
  const sealed = ReadableStream.from<Uint8Array>(fetchAll(store, objects))
  const packed = await decrypt(sealed, identity)
  const packedChunks = Readable.fromWeb(packed as Parameters<typeof Readable.fromWeb>[0])
  return pipeline(packedChunks, createZstdDecompress(), seenByReader)
}

async function* fetchAll(
  store: Pick<ObjectStore, 'get'>,
  objects: readonly StoredObject[],
): AsyncGenerator<Uint8Array> {
  for (const object of objects) yield await fetchObject(store, object)
}

/** The whole of a small stream. Throws BackupError for more than `maxBytes`. */
export const readWhole = async (stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new BackupError('A part of the backup is larger than any can be')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
