import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A file system of its own, in memory, that can be full. Needs root. */
export type SmallDisk = AsyncDisposable & {
  readonly path: string
  /** Takes every byte that is left. */
  readonly fill: () => Promise<void>
  /** Gives all of that back. */
  readonly empty: () => Promise<void>
}

/** Why there can be none here, or undefined if there can. */
export const noSmallDisk = async (): Promise<string | undefined> => {
  try {
    await using _ = await mountSmallDisk(1)
    return undefined
  } catch {
    return 'needs root, to mount a file system of its own'
  }
}

export const mountSmallDisk = async (megabytes: number): Promise<SmallDisk> => {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', path])
  } catch (failure) {
    await rmdir(path)
    throw failure
  }
  const filler = join(path, 'filler')
  return {
    path,
    fill: async () => {
      await using file = await open(filler, 'w')
      for (const size of [1024 * 1024, 4096]) {
        await writeUntilFull(() => file.write(Buffer.alloc(size)))
      }
    },
    empty: () => rm(filler, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await run('umount', ['--lazy', path])
      await rmdir(path)
    },
  }
}

const writeUntilFull = async (write: () => Promise<unknown>): Promise<void> => {
  try {
    for (;;) await write()
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC')) throw failure
  }
}
