import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLinuxAccount } from '@sallyport/targets/linux-account'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { findSshd, type OpenSshServer, startOpenSsh } from '@sallyport/targets/openssh'
import { Missing } from '../row.ts'

/** An account on an SSH server that one key opens. */
export type BenchTarget = {
  readonly port: number
  readonly username: string
  /** OpenSSH's format. */
  readonly privateKey: string
  /** Of the server, in SSH wire format. */
  readonly hostKey: Buffer
}

/** A real sshd with a real account whose shell is small; and a second one to jump over. */
export type OpenSshTarget = AsyncDisposable &
  BenchTarget & {
    readonly server: OpenSshServer
    readonly jump: OpenSshServer
    /** In SSH wire format. */
    readonly jumpHostKey: Buffer
    /** Of the account's key, as OpenSSH writes it. */
    readonly publicKey: string
  }

export const openSshTarget = async (): Promise<OpenSshTarget> => {
  const sshd = await findSshd()
  if (!sshd) throw new Missing('OpenSSH’s sshd (Debian: openssh-server)')
  if (process.getuid?.() !== 0) throw new Missing('root, to create a Linux account')
  await using stack = new AsyncDisposableStack()
  const account = stack.use(await createLinuxAccount({ prefix: 'sp-bench', shell: '/bin/dash' }))
  const key = newSshKey()
  const options = { sshd, extra: ['AuthorizedKeysFile .ssh-keys'] }
  const [server, jump] = [stack.use(await startOpenSsh(options)), stack.use(await startOpenSsh(options))]
  const authorized = `/home/${account.username}/.ssh-keys`
  await writeFile(authorized, key.public)
  await chmod(authorized, 0o644)
  const owned = stack.move()
  return {
    server,
    jump,
    port: server.port,
    username: account.username,
    privateKey: key.private,
    publicKey: key.public,
    hostKey: await hostKeyOf(server),
    jumpHostKey: await hostKeyOf(jump),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const hostKeyOf = async ({ directory }: OpenSshServer): Promise<Buffer> => {
  const [, base64 = ''] = (await readFile(join(directory, 'ssh_host_ed25519_key.pub'), 'utf8')).split(' ')
  return Buffer.from(base64, 'base64')
}
