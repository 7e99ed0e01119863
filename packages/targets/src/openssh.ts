import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '@sallyport/postgres/free-port'
import { findProgram } from './find-program.ts'

/** OpenSSH's server on this machine, or undefined. It is rarely on anybody's PATH. */
export const findSshd = (): Promise<string | undefined> =>
  findProgram('sshd', ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'])

/** OpenSSH's own server on a port of loopback, with host keys and configuration of its own. */
export type OpenSshServer = AsyncDisposable & {
  readonly port: number
  readonly pid: number
  /** The directory with its configuration and host keys (`ssh_host_ed25519_key`). */
  readonly directory: string
}

const config = (port: number, directory: string, extra: readonly string[]): string =>
  [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'ssh_host_ed25519_key')}`,
    `HostKey ${join(directory, 'ssh_host_ecdsa_key')}`,
    'PidFile none',
    'UsePAM no',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin no',
    'StrictModes no',
    'PrintMotd no',
    'PrintLastLog no',
    'MaxStartups 500',
    'MaxSessions 100',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp internal-sftp',
    ...extra,
    '',
  ].join('\n')

/**
 * Starts OpenSSH's server. Needs root to let anybody in by password.
 * @param options.extra lines of sshd_config
 */
export const startOpenSsh = async ({
  sshd,
  port,
  extra = [],
}: {
  sshd: string
  port?: number
  extra?: readonly string[]
}): Promise<OpenSshServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-sshd-'))
  // Where the server's unprivileged part lives; systemd makes it otherwise.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  for (const type of ['ed25519', 'ecdsa']) await generateKey(type, join(directory, `ssh_host_${type}_key`))
  const chosen = port ?? (await freePort())
  await writeFile(join(directory, 'sshd_config'), config(chosen, directory, extra))
  const server = spawn(sshd, ['-D', '-e', '-f', join(directory, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const complaints: string[] = []
  server.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()))
  await untilListening(chosen, server, complaints)
  return {
    port: chosen,
    pid: server.pid ?? 0,
    directory,
    [Symbol.asyncDispose]: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit')
        server.kill('SIGTERM')
        await ended
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const generateKey = async (type: string, path: string): Promise<void> => {
  await promisify(execFile)('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path])
}

const untilListening = async (
  port: number,
  server: ChildProcess,
  complaints: readonly string[],
): Promise<void> => {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await setTimeout(25)) {
    if (server.exitCode !== null) break
    if (await accepts(port)) return
  }
  throw new Error(`sshd did not start: ${complaints.join('')}`)
}

const accepts = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
