import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ObjectStore } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'
import { cut, maxPartBytes } from './parts.ts'
import { fetchObject, sha256Of, type StoredObject } from './stored-object.ts'

const pathPattern = /^[0-9a-f-]{36}\/[0-9a-f]{2}\/[0-9a-f-]{36}\.spr$/

const entrySchema = z.strictObject({
  path: z.string().regex(pathPattern),
  parts: z.array(z.tuple([z.int().min(1).max(maxPartBytes), z.string().regex(/^[0-9a-f]{64}$/)])),
})

/** A recording in a backup: its path below the directory, and the size and SHA-256 of each part. */
export type RecordingEntry = z.infer<typeof entrySchema>

/** The recordings of a directory. They are sealed: what is in them opens only with the key of recordings. */
export const listRecordings = async (directory: string): Promise<string[]> => {
  const names = await readdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw new BackupError(`The directory of recordings cannot be read: ${directory}`, { cause })
  })
  return names.filter(name => pathPattern.test(name)).toSorted()
}

/**
 * Stores a recording, as far as it has come, in parts that are named by their content: a recording only grows, so that
 * of one that was stored before only what is new is sent.
 */
export const storeRecording = async (
  store: Pick<ObjectStore, 'put' | 'size'>,
  directory: string,
  path: string,
): Promise<{ entry: RecordingEntry; sentBytes: number }> => {
  const parts: RecordingEntry['parts'] = []
  let sentBytes = 0
  for await (const part of cut(createReadStream(join(directory, path)))) {
    const sha256 = sha256Of(part)
    const { name } = objectOf(path, [part.byteLength, sha256])
    if ((await store.size(name)) !== part.byteLength) {
      await store.put(name, part)
      sentBytes += part.byteLength
    }
    parts.push([part.byteLength, sha256])
  }
  return { entry: { path, parts }, sentBytes }
}

export const bytesOf = ({ parts }: RecordingEntry): number => parts.reduce((sum, [bytes]) => sum + bytes, 0)

/** The recording’s bytes, each part proved. */
export async function* readRecording(
  store: Pick<ObjectStore, 'get'>,
  { path, parts }: RecordingEntry,
): AsyncGenerator<Buffer> {
  for (const part of parts) yield await fetchObject(store, objectOf(path, part))
}

/** Whether a file holds exactly what the backup has of it. */
export const isSameFile = async (file: string, { parts }: RecordingEntry): Promise<boolean> => {
  const sums: string[] = []
  for await (const part of cut(createReadStream(file)))
    sums.push(createHash('sha256').update(part).digest('hex'))
  return sums.length === parts.length && parts.every(([, sha256], at) => sums[at] === sha256)
}

const objectOf = (path: string, [bytes, sha256]: [number, string]): StoredObject => ({
  name: `recordings/${path}/${sha256.slice(0, 32)}`,
  bytes,
  sha256,
})

/** Reads the list of a backup’s recordings, one line of JSON each. */
export const parseRecordingList = (text: string): RecordingEntry[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const parsed = entrySchema.safeParse(parseLine(line))
      if (!parsed.success) throw new BackupError('The list of recordings cannot be understood')
      return parsed.data
    })

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
