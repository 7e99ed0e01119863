import { rm, writeFile } from 'node:fs/promises'
import { createLinuxAccount, type LinuxAccount } from '@sallyport/targets/linux-account'

/** An account that may change everybody's password by sudo, without typing its own. */
export const createSudoAccount = async (): Promise<LinuxAccount> => {
  await using stack = new AsyncDisposableStack()
  const account = stack.use(await createLinuxAccount({ prefix: 'sp-e2e' }))
  const rule = `/etc/sudoers.d/${account.username}`
  stack.defer(() => rm(rule, { force: true }))
  await writeFile(rule, `${account.username} ALL=(root) NOPASSWD: /usr/sbin/chpasswd\n`, { mode: 0o440 })
  const owned = stack.move()
  return { ...account, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
