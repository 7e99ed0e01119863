import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createPrivateFile, readPrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import type { ObjectStore } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'
import type { KeyFiles } from './key-material.ts'
import { keyNames } from './key-material.ts'
import type { Manifest } from './manifest.ts'
import { isSameFile, readRecording, type RecordingEntry } from './recordings.ts'
import { openStream, readWhole } from './sealed-stream.ts'

const maxKeyFileBytes = 1024 * 1024

/**
 * Writes the keys of a backup into files that only their owner may read. One that is there already must be the same: then
 * a restore that was broken off goes on.
 */
export const restoreKeys = async (
  store: ObjectStore,
  { keys }: Pick<Manifest, 'keys'>,
  files: KeyFiles,
  identity: Secret,
): Promise<void> => {
  for (const name of keyNames) {
    const path = files[name]
    const stored = keys.find(key => key.name === name)
    if (path === undefined || stored === undefined) continue
    const opened = await openStream(store, stored.objects, identity)
    using content = Secret.of(await readWhole(opened, maxKeyFileBytes))
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (await createPrivateFile(path, content)) continue
    using there = (await readPrivateFile(path)).content
    if (!there.equals(content)) throw new BackupError(`${path} is there already, with another key in it`)
  }
}

/** Throws BackupError if there are recordings that are not the backup’s. */
export const requireNoOtherRecordings = async (
  directory: string,
  entries: readonly RecordingEntry[],
): Promise<void> => {
  const names = await readdir(directory, { recursive: true }).catch(() => [])
  const known = new Set(entries.map(({ path }) => path))
  const strange = names.find(name => name.endsWith('.spr') && !known.has(name))
  if (strange !== undefined)
    throw new BackupError(
      `There are recordings in ${directory} already that are not in the backup: give an empty one`,
    )
}

/** Writes the recordings below a directory. Those that are there already must be the same. */
export const restoreRecordings = async (
  store: ObjectStore,
  entries: readonly RecordingEntry[],
  directory: string,
): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  for (const entry of entries) {
    const path = join(directory, entry.path)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (await exists(path)) {
      if (!(await isSameFile(path, entry))) throw new BackupError(`${path} is there already, and another one`)
      continue
    }
    await writeWhole(path, readRecording(store, entry))
  }
}

const exists = async (path: string): Promise<boolean> => {
  const file = await open(path, 'r').catch(() => undefined)
  await file?.close()
  return file !== undefined
}

/** The name comes last, so that what has it is whole. */
const writeWhole = async (path: string, parts: AsyncIterable<Buffer>): Promise<void> => {
  const draft = `${path}.draft`
  await rm(draft, { force: true })
  await using file = await open(draft, 'wx', 0o600)
  for await (const part of parts) await file.writeFile(part)
  await file.sync()
  await rename(draft, path)
}
