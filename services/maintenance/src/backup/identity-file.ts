import { createPrivateFile, readPrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import { generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { BackupError } from './backup-error.ts'

/** A key that opens backups, and who must have signed those. */
export type IdentityFile = Disposable & { readonly identity: Secret; readonly signer: string | undefined }

const signerLine = '# signer: '

/**
 * Makes a key pair (X25519 with ML-KEM-768) and writes its private half into a new file, in the format of the `age` tool.
 * @param purpose a line for whoever finds the file
 * @returns the public half; undefined if there is such a file already
 */
export const createIdentityFile = async (
  path: string,
  { purpose, signer }: { readonly purpose: string; readonly signer: string },
): Promise<string | undefined> => {
  const identity = await generateHybridIdentity()
  using content = Secret.fromUtf8(`# ${purpose}\n${signerLine}${signer}\n${identity}\n`)
  return (await createPrivateFile(path, content)) ? await identityToRecipient(identity) : undefined
}

/**
 * Who must have signed the backup: whom an operator names, or else the key's file.
 * @throws BackupError if neither does
 */
export const signerOf = (named: string | undefined, key: Pick<IdentityFile, 'signer'>): string => {
  const signer = named ?? key.signer
  if (signer === undefined) throw new BackupError('Say who must have signed the backup, with --signer')
  return signer
}

/** Reads such a file, or one that the `age` tool made. Throws BackupError, which never quotes it. */
export const readIdentityFile = async (path: string): Promise<IdentityFile> => {
  const { content } = await readPrivateFile(path).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : 'it cannot be read'
    throw new BackupError(`The key file ${path} cannot be used: ${why}`, { cause })
  })
  using text = content
  const lines = text.use(bytes =>
    bytes
      .toString('utf8')
      .split('\n')
      .map(line => line.trim()),
  )
  const keys = lines.filter(line => line !== '' && !line.startsWith('#'))
  const [key] = keys
  if (key === undefined || keys.length > 1 || !/^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(key))
    throw new BackupError(`The key file ${path} holds no age key, or several`)
  const identity = Secret.fromUtf8(key)
  const signer = lines.find(line => line.startsWith(signerLine))?.slice(signerLine.length)
  return { identity, signer, [Symbol.dispose]: () => identity.dispose() }
}
