import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenSshTarget } from './target.ts'

/** A configuration of the unmodified OpenSSH client, with one cipher and one key exchange for every way. */
export type ClientConfig = AsyncDisposable & {
  /** `ssh` with these arguments, and one of the hosts `direct`, `jumped`, or one that was added. */
  readonly args: readonly string[]
}

export type Way = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly hostKey: Buffer
}

/** The same for everybody: what our door and OpenSSH both offer. */
const EQUAL = ['Ciphers aes128-gcm@openssh.com', 'KexAlgorithms curve25519-sha256', 'Compression no']

export const clientConfig = async (target: OpenSshTarget, ways: readonly Way[]): Promise<ClientConfig> => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-ssh-'))
  const file = (name: string): string => join(folder, name)
  const { username: user, jump, server, hostKey, jumpHostKey } = target
  const all: (Way & { readonly over?: string })[] = [
    { host: 'direct', port: server.port, user, hostKey },
    { host: 'jump', port: jump.port, user, hostKey: jumpHostKey },
    { host: 'jumped', port: server.port, user, hostKey, over: 'jump' },
    ...ways,
  ]
  const sections = all.flatMap(({ host, port, user: name, over }) => [
    `Host ${host}`,
    `  Port ${port}`,
    `  User ${name}`,
    `  HostKeyAlias ${host}`,
    ...(over === undefined ? [] : [`  ProxyJump ${over}`]),
  ])
  const shared = [
    'Host *',
    '  HostName 127.0.0.1',
    `  IdentityFile ${file('key')}`,
    `  UserKnownHostsFile ${file('known_hosts')}`,
    '  IdentitiesOnly yes',
    '  StrictHostKeyChecking yes',
    '  PreferredAuthentications publickey,keyboard-interactive',
    '  PasswordAuthentication no',
    '  LogLevel ERROR',
    '  HostKeyAlgorithms ssh-ed25519',
    ...EQUAL.map(line => `  ${line}`),
  ]
  const known = all.map(({ host, hostKey: key }) => `${host} ssh-ed25519 ${key.toString('base64')}`)
  await writeFile(file('config'), `${[...sections, ...shared].join('\n')}\n`)
  await writeFile(file('known_hosts'), `${known.join('\n')}\n`)
  await writeFile(file('key'), target.privateKey, { mode: 0o600 })
  return { args: ['-F', file('config')], [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}
