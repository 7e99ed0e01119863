import { BackupError } from './backup-error.ts'
import { createIdentityFile } from './identity-file.ts'
import { createSigningKeyFile, readSigner } from './signing-key.ts'

export type KeyPaths = {
  /** To be taken away from the installation: it opens everything. */
  readonly recovery: string
  readonly prove: string
  readonly signing: string
}

/** The public halves. */
export type Recipients = { readonly recovery: string; readonly prove: string; readonly signer: string }

/** Makes what backups need. A signing key that there is stays. Throws BackupError if there is one of the others. */
export const createBackupKeys = async (paths: KeyPaths): Promise<Recipients> => {
  await createSigningKeyFile(paths.signing)
  const { publicKey: signer } = await readSigner(paths.signing)
  const make = async (path: string, purpose: string): Promise<string> => {
    const recipient = await createIdentityFile(path, { purpose, signer })
    if (recipient === undefined) throw new BackupError(`${path} is there already, and is not replaced`)
    return recipient
  }
  const recovery = await make(
    paths.recovery,
    'Sallyport: the recovery key. It opens every backup, the keys in it too. Keep it away from the installation.',
  )
  const prove = await make(
    paths.prove,
    'Sallyport: the key that proves backups. It opens the data in them, and no key.',
  )
  return { recovery, prove, signer }
}
