import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type SshLogin = {
  readonly port: number
  /** The whole login name, such as `alice[root@web-1]`. */
  readonly loginName: string
  readonly password: string
  /** The one-time code to give, when asked. */
  readonly code: string
  /** A line for known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
}

/** One run of an SSH client. Disposing it ends the client and removes its files. */
export type SshRun = AsyncDisposable & {
  /** Types into it. */
  readonly write: (text: string) => void
  /** Closes its standard input. */
  readonly end: () => void
  /** What it has printed so far. */
  readonly stdout: () => Buffer
  readonly stderr: () => Buffer
  /** Resolves with the exit status when it has ended; 255 if it was cut off. */
  readonly exit: Promise<number>
}

// OpenSSH asks this program when it has no terminal; the prompt is its only argument.
const askpass = (directory: string): string => `#!/bin/sh
case "$1" in
  *assword*) cat '${join(directory, 'password')}' ;;
  *) cat '${join(directory, 'code')}' ;;
esac
`

/** How to run the OpenSSH client as somebody. Disposing it removes the files that hold the answers. */
export type SshClient = AsyncDisposable & {
  /** Everything before the command: options, login name, host. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/**
 * Prepares the unmodified OpenSSH client for a server on loopback, with the answers to its questions for password and
 * code.
 * @param options of the client; they win over the ones that are set here
 */
export const prepareSsh = async (login: SshLogin, options: readonly string[] = []): Promise<SshClient> => {
  const directory = await prepare(login)
  return {
    args: [...options, ...baseOptions(login, directory), '-l', login.loginName, '127.0.0.1'],
    env: { SSH_ASKPASS: join(directory, 'askpass'), SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':none' },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Runs the OpenSSH client as `prepareSsh` prepares it. */
export const runSsh = async (
  login: SshLogin,
  {
    options = [],
    command = [],
    env = {},
  }: { options?: readonly string[]; command?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<SshRun> => {
  const prepared = await prepareSsh(login, options)
  const client = spawn('ssh', [...prepared.args, ...command], {
    env: { ...process.env, ...prepared.env, ...env },
    stdio: 'pipe',
  })
  const stdout = collect(client.stdout)
  const stderr = collect(client.stderr)
  client.stdin.on('error', () => {})
  const exit = once(client, 'close').then(([code]) => (typeof code === 'number' ? code : 255))
  return {
    write: text => void client.stdin.write(text),
    end: () => client.stdin.end(),
    stdout,
    stderr,
    exit,
    [Symbol.asyncDispose]: async () => {
      client.kill('SIGKILL')
      await exit
      await prepared[Symbol.asyncDispose]()
    },
  }
}

const prepare = async (login: SshLogin): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-ssh-'))
  await writeFile(join(directory, 'password'), `${login.password}\n`, { mode: 0o600 })
  await writeFile(join(directory, 'code'), `${login.code}\n`, { mode: 0o600 })
  await writeFile(join(directory, 'askpass'), askpass(directory), { mode: 0o700 })
  await writeFile(join(directory, 'known_hosts'), `[127.0.0.1]:${login.port} ${login.hostKey}\n`)
  return directory
}

const baseOptions = (login: SshLogin, directory: string): readonly string[] => [
  '-F',
  'none',
  '-p',
  `${login.port}`,
  '-o',
  `UserKnownHostsFile=${join(directory, 'known_hosts')}`,
  '-o',
  'StrictHostKeyChecking=yes',
  '-o',
  'PreferredAuthentications=keyboard-interactive',
  '-o',
  'NumberOfPasswordPrompts=1',
]

/** Keeps everything that a stream brings. */
export const collect = (stream: NodeJS.ReadableStream): (() => Buffer) => {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}
