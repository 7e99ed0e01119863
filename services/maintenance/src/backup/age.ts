import type { Secret } from '@sallyport/crypto/secret'
import { Decrypter, Encrypter } from 'age-encryption'
import { BackupError } from './backup-error.ts'

/**
 * Encrypts with age (https://age-encryption.org/v1), so that a backup can be opened with a tool that is not ours. Any of
 * the recipients can open it.
 */
export const encrypt = async (
  plain: ReadableStream<Uint8Array>,
  recipients: readonly string[],
): Promise<ReadableStream<Uint8Array>> => {
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return await encrypter.encrypt(plain)
}

/** Throws BackupError for what was not encrypted to this identity. What was changed fails, at the latest as it is read. */
export const decrypt = async (
  sealed: ReadableStream<Uint8Array>,
  identity: Secret,
): Promise<ReadableStream<Uint8Array>> => {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity.use(bytes => bytes.toString('utf8')))
  return await decrypter.decrypt(sealed).catch((cause: unknown) => {
    const isOther = cause instanceof Error && cause.message.startsWith('no identity matched')
    throw isOther ? new BackupError('This key does not open the backup', { cause }) : cause
  })
}
