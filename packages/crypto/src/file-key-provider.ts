import { randomUUID } from 'node:crypto'
import { newSealingKey, open, type SealingKey, seal } from './envelope.ts'
import type { RootKeyProvider, RootKeyRotator } from './key-provider.ts'
import { type KeyRing, parseKeyRing, renderKeyRing, unreadable, without, withPrimary } from './key-ring.ts'
import {
  createPrivateFile,
  type FileStamp,
  NotPrivateError,
  readPrivateFile,
  replacePrivateFile,
  stampFile,
} from './private-file.ts'
import { keyIdOf, refused } from './sealed-blob.ts'

/**
 * Root keys in a JSON file that only its owner may read (mode 0600).
 *
 * The file is read at once, and again whenever it was replaced, so that several processes may share it; only one of
 * them may rotate at a time. Throws `root_key.unavailable` if the file is missing, malformed or readable by others.
 */
export const openFileKeyProvider = async (path: string): Promise<RootKeyProvider & RootKeyRotator> => {
  let loaded = await load(path)

  const current = async (): Promise<KeyRing> => {
    const stamp = await stampFile(path).catch(error => {
      throw unreadable('cannot be read', error)
    })
    if (stamp !== loaded.stamp) loaded = await load(path)
    return loaded.ring
  }
  const keyFor = async (id: string): Promise<SealingKey> => {
    const key = loaded.ring.keys.get(id) ?? (await current()).keys.get(id)
    if (key === undefined) throw refused()
    return key
  }
  const save = async (ring: KeyRing): Promise<void> => {
    using content = renderKeyRing(ring)
    await replacePrivateFile(path, content)
    loaded = await load(path)
  }

  return {
    primaryKeyId: async () => (await current()).primaryId,
    wrap: async (material, context) => {
      const ring = await current()
      return seal(await keyFor(ring.primaryId), material, context)
    },
    unwrap: async (blob, context) => open(await keyFor(keyIdOf(blob)), blob, context),
    addKey: async () => {
      const key = newSealingKey(newKeyId())
      await save(withPrimary(await current(), key))
      return key.id
    },
    retireKey: async id => {
      const ring = await current()
      const left = without(ring, id)
      // Who keeps the file elsewhere, and lends it for reading, has taken the key out there.
      if (left.keys.size < ring.keys.size) await save(left)
    },
  }
}

/**
 * Creates a key ring with one random key if the file does not exist. Gives true if it did.
 * For a laptop: whoever can read the file can open everything, and whoever loses it loses everything.
 */
export const createDevelopmentKeyRing = async (path: string): Promise<boolean> => {
  using content = renderKeyRing(withPrimary(undefined, newSealingKey(newKeyId())))
  return await createPrivateFile(path, content)
}

const newKeyId = (): string => `root-${randomUUID()}`

const load = async (path: string): Promise<{ ring: KeyRing; stamp: FileStamp }> => {
  const { content, stamp } = await readPrivateFile(path).catch(error => {
    if (error instanceof NotPrivateError) throw unreadable(`is refused: ${error.message}`)
    throw unreadable('cannot be read', error)
  })
  using opened = content
  return { ring: parseKeyRing(opened), stamp }
}
