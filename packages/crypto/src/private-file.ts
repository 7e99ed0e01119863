import { constants } from 'node:fs'
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Secret } from './secret.ts'

/** Which state of a file was read: it changes whenever the file is replaced. */
export type FileStamp = string

/** What `readPrivateFile` throws for a file that others may read or write. */
export class NotPrivateError extends Error {}

/**
 * Reads a whole file that only its owner may touch; or that belongs to root, and that one of this process' groups may
 * read, as Kubernetes gives secrets to who is not root (`fsGroup`).
 * Throws `NotPrivateError` if anybody else has any right on it, or owns it.
 */
export const readPrivateFile = async (path: string): Promise<{ content: Secret; stamp: FileStamp }> => {
  await using file = await open(path, constants.O_RDONLY)
  const status = await file.stat()
  if (!status.isFile() || (status.mode & rightsOfOthers(status)) !== 0)
    throw new NotPrivateError('others may read or write it')
  if (![0, process.getuid?.()].includes(status.uid)) throw new NotPrivateError('it belongs to somebody else')
  return { content: Secret.of(await file.readFile()), stamp: stampOf(status) }
}

const rightsOfOthers = ({ uid, gid }: { uid: number; gid: number }): number => {
  const lentByRoot = uid === 0 && process.getuid?.() !== 0 && process.getgroups?.().includes(gid) === true
  return lentByRoot ? 0o037 : 0o077
}

/** The stamp of the file as it is now. */
export const stampFile = async (path: string): Promise<FileStamp> => stampOf(await stat(path))

/** Replaces a file at once and durably: after a crash there is the old content or the new, whole. */
export const replacePrivateFile = async (path: string, content: Secret): Promise<void> =>
  writeBeside(path, content, temporary => rename(temporary, path))

/** Creates a file durably. Gives false, and changes nothing, if there is one already. */
export const createPrivateFile = async (path: string, content: Secret): Promise<boolean> => {
  let created = true
  await writeBeside(path, content, async temporary => {
    // A link, unlike a rename, never replaces: of two first starts one wins and the other reads the winner's file.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      created = false
    })
    await unlink(temporary)
  })
  return created
}

const writeBeside = async (
  path: string,
  content: Secret,
  place: (temporary: string) => Promise<void>,
): Promise<void> => {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`
  try {
    await using file = await open(temporary, 'wx', 0o600)
    await file.writeFile(content.bytes())
    await file.sync()
    await place(temporary)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

const stampOf = (status: { ino: number; mtimeMs: number; size: number }): FileStamp =>
  `${status.ino}.${status.mtimeMs}.${status.size}`
