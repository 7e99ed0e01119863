import { readPrivateFile } from '@sallyport/crypto/private-file'
import { directoryStore } from './directory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { type S3Options, s3Store } from './s3-store.ts'

/** Where backups go, as configured. */
export type Destination =
  | { readonly kind: 'directory'; readonly path: string }
  | ({ readonly kind: 's3'; readonly secretKeyFile: string } & Omit<S3Options, 'secretAccessKey'>)

/** Throws `NotPrivateError` if others may read the file with the key of S3. */
export const openStore = async (destination: Destination): Promise<ObjectStore> => {
  if (destination.kind === 'directory') return directoryStore(destination.path)
  const { content } = await readPrivateFile(destination.secretKeyFile)
  using secretAccessKey = content
  return s3Store({ ...destination, secretAccessKey })
}
