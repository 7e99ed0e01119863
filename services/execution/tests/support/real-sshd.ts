import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Target } from '../../src/executors/executor.ts'

const sshd = '/usr/sbin/sshd'

/** Why these tests cannot run here; undefined: they can. */
export const noRealSshd = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'needs root to make accounts'
  if (![sshd, '/usr/sbin/useradd', '/usr/sbin/chpasswd'].every(file => existsSync(file)))
    return 'needs openssh-server'
  return undefined
}

export type RealSshd = AsyncDisposable & { target: Target; stop(): Promise<void>; start(): Promise<void> }

/** OpenSSH's own server with PAM, on loopback. */
export const startSshd = async (): Promise<RealSshd> => {
  const directory = mkdtempSync(join(tmpdir(), 'sshd-'))
  const port = await freePort()
  const keyFile = join(directory, 'host_key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile])
  const config = join(directory, 'sshd_config')
  writeFileSync(config, configOf(port, keyFile, directory))
  mkdirSync('/run/sshd', { recursive: true })
  const [, key = ''] = readFileSync(`${keyFile}.pub`, 'utf8').split(' ')
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn(sshd, ['-D', '-e', '-f', config], { stdio: 'ignore' })
    await listening(port)
  }
  const stop = async () => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const gone = new Promise(resolve => running.once('exit', resolve))
    running.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    target: { address: '127.0.0.1', port, hostKeys: [Buffer.from(key, 'base64')] },
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const configOf = (port: number, keyFile: string, directory: string) => `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${keyFile}
PidFile ${directory}/pid
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
UseDNS no
`

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })

const listening = async (port: number): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    if (await answers(port)) return
    await pause(25)
  }
  throw new Error('sshd did not start')
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    setImmediate(() => socket.unref())
    socket.once('connect', () => socket.destroy())
  })

export type Account = Disposable & { name: string; password: string; setPassword(password: string): void }

/** A Linux account with a random name, gone afterwards. */
export const makeAccount = (password: string, ...options: string[]): Account => {
  const name = `spt${randomBytes(5).toString('hex')}`
  execFileSync('/usr/sbin/useradd', ['--create-home', '--shell', '/bin/sh', ...options, name])
  const setPassword = (next: string) => {
    execFileSync('/usr/sbin/chpasswd', { input: `${name}:${next}\n` })
    account.password = next
  }
  const account: Account = {
    name,
    password,
    setPassword,
    [Symbol.dispose]: () => {
      rmSync(`/etc/sudoers.d/${name}`, { force: true })
      execFileSync('/usr/sbin/userdel', ['--remove', '--force', name], { stdio: 'ignore' })
    },
  }
  setPassword(password)
  return account
}

export const allowSudo = ({ name }: Account, withPassword: boolean): void => {
  const rule = `${name} ALL=(root) ${withPassword ? '' : 'NOPASSWD: '}/usr/sbin/chpasswd\n`
  writeFileSync(`/etc/sudoers.d/${name}`, rule, { mode: 0o440 })
}
