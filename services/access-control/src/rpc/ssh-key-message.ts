import type { SshKey as SshKeyMessage } from '@sallyport/contracts/access_control/v1/directory'
import { algorithmOf } from '../domain/ssh-public-key.ts'
import type { SshKey } from '../generated/prisma/client.ts'

export const sshKeyMessage = (key: SshKey): SshKeyMessage => ({
  id: key.id,
  name: key.name,
  publicKey: `${algorithmOf(key.publicKey) ?? ''} ${Buffer.from(key.publicKey).toString('base64')}`,
  fingerprint: key.fingerprint,
  createdAt: key.createdAt,
  lastUsedAt: key.lastUsedAt ?? undefined,
})
