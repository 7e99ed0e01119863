import { BackupError } from './backup-error.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { type Signer, signerIdOf, verifierOf } from './signing-key.ts'

/** No manifest is larger. */
export const maxManifestBytes: number = 64 * 1024 * 1024

const breaks = '\n'
const covered = (json: string): Buffer => Buffer.from(`sallyport backup manifest 1\n${json}`)

/** Two lines: the manifest as JSON; who signed it, and the signature in Base64. */
export const renderManifest = (manifest: Manifest, signer: Signer): Buffer => {
  const json = JSON.stringify(manifest)
  const signature = signer.sign(covered(json)).toString('base64')
  return Buffer.from(`${json}\n${signer.publicKey} ${signature}\n`)
}

/**
 * The manifest, if `signer` signed it as it stands.
 * @param signer the public key that this installation’s backups are signed with, from a place that is not the backup
 * @throws BackupError
 */
export const openManifest = (content: Uint8Array, signer: string): Manifest => {
  const lines = Buffer.from(content).toString('utf8').split(breaks)
  const [json = '', signed = '', end] = lines
  const [by = '', signature = ''] = signed.split(' ')
  if (lines.length !== 3 || end !== '' || signature === '')
    throw new BackupError('The manifest of the backup was cut off or is none')
  if (by !== signer)
    throw new BackupError(
      `The backup was signed by ${signerIdOf(by)}, and not by ${signerIdOf(signer)}: it is another installation’s, ` +
        'or forged. If it is the one you mean, give its signer with --signer',
    )
  if (!verifierOf(signer)(covered(json), Buffer.from(signature, 'base64')))
    throw new BackupError('The manifest of the backup was changed after it was signed')
  return parseManifest(json)
}
