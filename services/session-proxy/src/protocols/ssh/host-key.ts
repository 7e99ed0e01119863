import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createPrivateFile, readPrivateFile } from '@sallyport/crypto/private-file'
import type { Secret } from '@sallyport/crypto/secret'
import { generateSshKeyPair } from '@sallyport/crypto/ssh-key-pair'
import ssh2 from 'ssh2'

/** Reads the proxy's own host key, and makes one at the first start. The file is the owner's only. */
export const loadHostKey = async (path: string): Promise<Secret> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const existing = await readPrivateFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (existing !== undefined) return existing.content
  using made = generateSshKeyPair().privateKey
  await createPrivateFile(path, made)
  return (await readPrivateFile(path)).content
}

/** The public half, in SSH wire format. */
export const publicKeyOf = (privateKey: Secret): Buffer => {
  const key = ssh2.utils.parseKey(privateKey.bytes())
  if (key instanceof Error) throw new Error('the host key file holds no private key', { cause: key })
  return key.getPublicSSH()
}
