import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { UsageError } from './options.ts'

/** While this file is there, nobody starts an installation that is half of one. */
const mark = 'restore-unfinished'

/** A data directory that a restore fills. `finished` lets it be started. */
export type RestoredDirectory = DataDirectory & { readonly finished: () => Promise<void> }

/** Opens a directory for a restore: a new one, an empty one, or one where a restore was broken off. */
export const openForRestore = async (root: string): Promise<RestoredDirectory> => {
  await mkdir(root, { recursive: true, mode: 0o711 })
  const names = await readdir(root)
  if (names.length > 0 && !names.includes(mark))
    throw new UsageError(
      `${root} is not empty. A backup is restored into an empty one: choose another --data-dir`,
    )
  const path = join(root, mark)
  {
    await using file = await open(path, 'a', 0o600)
    await file.sync()
  }
  const data = await openDataDirectory(root)
  return { ...data, finished: () => rm(path) }
}

/** Throws UsageError if a restore into the directory was not finished. */
export const requireWhole = async (root: string): Promise<void> => {
  const file = await open(join(root, mark), 'r').catch(() => undefined)
  await file?.close()
  if (file)
    throw new UsageError(
      `A restore into ${root} was not finished. Repeat it; or remove the directory, and restore anew`,
    )
}
