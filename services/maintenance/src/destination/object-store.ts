import { BackupError } from '../backup/backup-error.ts'

/** Where backups are kept: a directory, or S3. Objects are written once, whole, and never changed. */
export type ObjectStore = {
  /** Resolves when the object is durable. */
  readonly put: (name: string, content: Uint8Array) => Promise<void>
  /** Throws BackupError if there is none, or if it has more than `maxBytes`. */
  readonly get: (name: string, maxBytes: number) => Promise<Buffer>
  /** How many bytes it has; undefined if there is none. */
  readonly size: (name: string) => Promise<number | undefined>
  /** The names of the folders directly below a folder, in order. */
  readonly folders: (folder: string) => Promise<readonly string[]>
}

const parts = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*\/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*$/

/** Names come out of manifests: none may lead anywhere else. */
export const isObjectName = (name: string): boolean => name.length <= 500 && parts.test(name)

export const checkedName = (name: string): string => {
  if (!isObjectName(name)) throw new BackupError('An object of the backup has a name that no backup gives')
  return name
}

export const missingObject = (name: string): BackupError =>
  new BackupError(`${name} is missing from the backup`)

export const tooLargeObject = (name: string): BackupError =>
  new BackupError(`${name} is larger than it was when the backup was made`)
