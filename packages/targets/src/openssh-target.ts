import { createLinuxAccount } from './linux-account.ts'
import { startOpenSsh } from './openssh.ts'
import type { Target } from './target.ts'

/** A real sshd with a real Linux account, both gone when it is disposed. Needs root. */
export const startOpenSshTarget = async (sshd: string): Promise<Target> => {
  const account = await createLinuxAccount({ prefix: 'sallyport-demo' })
  const server = await startOpenSsh({ sshd })
  return {
    description: `OpenSSH (${sshd}) with the Linux account ${account.username}`,
    address: '127.0.0.1',
    port: server.port,
    username: account.username,
    password: account.password,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await account[Symbol.asyncDispose]()
    },
  }
}
