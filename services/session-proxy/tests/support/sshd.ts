import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@sallyport/testing/eventually'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import ssh2 from 'ssh2'
import type { TargetFacts } from './fakes.ts'

const SSHD = '/usr/sbin/sshd'

/** Why the tests with a real server cannot run here, if they cannot. */
export const missingSshd: string | undefined = existsSync(SSHD)
  ? undefined
  : 'OpenSSH server is not installed'
export const missingSsh: string | undefined = existsSync('/usr/bin/ssh')
  ? undefined
  : 'OpenSSH client is not installed'

export type Sshd = Disposable & { readonly facts: () => TargetFacts; readonly folder: string; stop(): void }

/**
 * A real sshd on loopback, into which the account that runs the tests may sign in with a key. `settings` come first, and
 * so they count; its log is the file `log` in its folder.
 */
export const startSshd = async (settings: readonly string[] = []): Promise<Sshd> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sshd-'))
  const hostKey = newSshKey()
  const userKey = newSshKey()
  writeFileSync(join(folder, 'host_key'), hostKey.private, { mode: 0o600 })
  writeFileSync(join(folder, 'authorized_keys'), userKey.public, { mode: 0o600 })
  const port = await freePort()
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      ...settings,
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${folder}/host_key`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      `PidFile ${folder}/sshd.pid`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'AcceptEnv LANG LC_*',
      'MaxStartups 500',
      'MaxSessions 50',
      'PrintMotd no',
      'RekeyLimit 2M',
    ].join('\n'),
  )
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true })
  const server = spawn(SSHD, ['-D', '-E', join(folder, 'log'), '-f', join(folder, 'sshd_config')], {
    stdio: 'ignore',
  })
  await eventually(() => canConnect(port))
  const publicKey = ssh2.utils.parseKey(hostKey.public)
  if (publicKey instanceof Error) throw publicKey
  const facts = (): TargetFacts => ({
    kind: 'ssh-key',
    secretBytes: () => Buffer.from(userKey.private),
    address: '127.0.0.1',
    port,
    username: userInfo().username,
    hostKeys: [publicKey.getPublicSSH()],
  })
  const stop = (): void => void server.kill('SIGKILL')
  return { facts, folder, stop, [Symbol.dispose]: stop }
}

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

/** Reads the server's greeting: a connection alone may be one to ourselves, on a port that nobody has bound yet. */
const canConnect = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', greeting => {
      resolve(greeting.toString().startsWith('SSH-2.0-'))
      socket.destroy()
    })
    socket
      .once('error', () => resolve(false))
      .setTimeout(500, () => {
        resolve(false)
        socket.destroy()
      })
  })
