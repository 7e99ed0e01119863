import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from './options.ts'

/** Everything that a standalone installation keeps, under one directory. */
export type DataDirectory = AsyncDisposable & {
  readonly path: (...parts: string[]) => string
  /** A random secret of this installation, made when first asked for, in a file that only its owner can read. */
  readonly secret: (name: string) => Promise<string>
}

/**
 * Opens the directory, making it if missing, and keeps others from using it at the same time.
 * @throws UsageError if another process uses it
 */
export const openDataDirectory = async (root: string): Promise<DataDirectory> => {
  await mkdir(root, { recursive: true, mode: 0o711 })
  await mkdir(join(root, 'keys'), { recursive: true, mode: 0o700 })
  const lock = join(root, 'process.pid')
  await takeLock(lock, root)
  return {
    path: (...parts) => join(root, ...parts),
    secret: name => readOrMake(join(root, 'keys', name)),
    [Symbol.asyncDispose]: () => rm(lock, { force: true }),
  }
}

const takeLock = async (lock: string, root: string): Promise<void> => {
  try {
    await using file = await open(lock, 'wx', 0o600)
    await file.writeFile(`${process.pid}\n`)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
    const pid = Number.parseInt(await readFile(lock, 'utf8').catch(() => ''), 10)
    if (pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new UsageError(
        `${root} is in use by process ${pid}. Stop it first, or choose another --data-dir.`,
      )
    }
    // Its owner was killed.
    await rm(lock, { force: true })
    await takeLock(lock, root)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}

const readOrMake = async (path: string): Promise<string> => {
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept) return kept
  const made = randomBytes(32).toString('base64url')
  await using file = await open(path, 'w', 0o600)
  await file.writeFile(made)
  await file.sync()
  return made
}
