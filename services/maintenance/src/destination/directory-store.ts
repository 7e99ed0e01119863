import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkedName, missingObject, type ObjectStore, tooLargeObject } from './object-store.ts'

/** Backups in a directory: best on another machine's disk. */
export const directoryStore = (root: string): ObjectStore => {
  const pathOf = (name: string): string => join(root, checkedName(name))
  return {
    put: async (name, content) => {
      const path = pathOf(name)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      // The name comes last, so that whatever has it is whole.
      const draft = `${path}.${randomUUID()}.draft`
      try {
        await writeDurably(draft, content)
        await rename(draft, path)
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
      await syncFolder(dirname(path))
    },
    get: async (name, maxBytes) => {
      await using file = await open(pathOf(name), 'r').catch((error: unknown) => {
        throw isMissing(error) ? missingObject(name) : error
      })
      if ((await file.stat()).size > maxBytes) throw tooLargeObject(name)
      return await file.readFile()
    },
    size: async name => {
      const found = await stat(pathOf(name)).catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      return found?.size
    },
    folders: async folder => {
      const entries = await readdir(pathOf(folder), { withFileTypes: true }).catch((error: unknown) => {
        if (isMissing(error)) return []
        throw error
      })
      return entries
        .filter(entry => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted()
    },
  }
}

const writeDurably = async (path: string, content: Uint8Array): Promise<void> => {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(content)
  await file.sync()
}

const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(path, 'r')
  await folder.sync()
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
