import { createChainKeyFile } from '@sallyport/audit/chain-keys'
import { createDevelopmentKeyRing } from '@sallyport/crypto/file-key-provider'
import type { DataDirectory } from './data-directory.ts'

/** The files of keys that the services need, each for one service only. Made at the first start. */
export type KeyFiles = {
  readonly accessControl: string
  readonly vault: string
  readonly recordings: string
  readonly auditChain: string
  readonly sshHost: string
}

export const prepareKeys = async (data: DataDirectory): Promise<KeyFiles> => {
  const files: KeyFiles = {
    accessControl: data.path('keys', 'access-control.json'),
    vault: data.path('keys', 'vault-root.json'),
    recordings: data.path('keys', 'recordings.json'),
    auditChain: data.path('keys', 'audit-chain'),
    sshHost: data.path('keys', 'ssh_host_ed25519_key'),
  }
  for (const ring of [files.accessControl, files.vault, files.recordings])
    await createDevelopmentKeyRing(ring)
  await createChainKeyFile(files.auditChain)
  return files
}
