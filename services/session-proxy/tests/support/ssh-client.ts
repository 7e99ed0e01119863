import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CODE, PASSWORD } from './fakes.ts'

export type Ran = { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string }

export type RunningSsh = {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ran>
  /** What came out so far. */
  readonly shown: () => string
}

export type SshOptions = {
  readonly port: number
  readonly login?: string
  readonly args?: readonly string[]
  readonly command?: string
  readonly password?: string
  readonly code?: string
  /** Keeps what comes out, unless the caller reads it: then there may be any amount of it. */
  readonly keepsOutput?: boolean
}

/** Starts the real OpenSSH client, which asks a script for the password and the one-time code. */
export const startSsh = (options: SshOptions): RunningSsh => {
  const { port, login = 'alice[root@web-1]', args = [], command } = options
  const { password = PASSWORD, code = CODE, keepsOutput = true } = options
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ssh-'))
  const askpass = join(folder, 'askpass')
  const script = `#!/bin/sh\ncase "$1" in *assword*) echo '${password}';; *) echo '${code}';; esac\n`
  writeFileSync(askpass, script, { mode: 0o700 })
  const child = spawn(
    '/usr/bin/ssh',
    [
      '-F',
      'none',
      ...args,
      ...['StrictHostKeyChecking=no', `UserKnownHostsFile=${folder}/known_hosts`, 'LogLevel=ERROR'].flatMap(
        option => ['-o', option],
      ),
      ...['IdentityAgent=none', 'NumberOfPasswordPrompts=1'].flatMap(option => ['-o', option]),
      '-p',
      String(port),
      '-l',
      login,
      '127.0.0.1',
      ...(command === undefined ? [] : [command]),
    ],
    { env: { PATH: process.env['PATH'], HOME: folder, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' } },
  )
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  if (keepsOutput) child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<Ran>(resolve => {
    child.once('close', status =>
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    )
  })
  return { child, ended, shown: () => Buffer.concat([...stdout, ...stderr]).toString() }
}

export const ssh = (options: SshOptions, input?: Buffer): Promise<Ran> => {
  const running = startSsh(options)
  running.child.stdin.end(input)
  return running.ended
}
