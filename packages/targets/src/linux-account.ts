import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A local account of this machine, with its home. Disposing it ends its processes and removes both. */
export type LinuxAccount = AsyncDisposable & {
  readonly username: string
  readonly password: string
  readonly setPassword: (password: string) => Promise<void>
}

/**
 * Creates an account with a random password. Needs root.
 * @param options.prefix the beginning of its name; the rest is random
 */
export const createLinuxAccount = async ({
  prefix = 'sallyport',
  shell = '/bin/bash',
  password = randomBytes(18).toString('base64url'),
}: {
  prefix?: string
  shell?: string
  password?: string
} = {}): Promise<LinuxAccount> => {
  const username = `${prefix}-${randomBytes(4).toString('hex')}`
  await run('useradd', ['--create-home', '--shell', shell, username])
  await setPassword(username, password)
  return {
    username,
    password,
    setPassword: to => setPassword(username, to),
    [Symbol.asyncDispose]: () => remove(username),
  }
}

/** On standard input, so that the password is in no process's arguments. */
const setPassword = async (username: string, password: string): Promise<void> => {
  const chpasswd = spawn('chpasswd', { stdio: ['pipe', 'ignore', 'inherit'] })
  chpasswd.stdin.end(`${username}:${password}\n`)
  const [code] = await once(chpasswd, 'exit')
  if (code !== 0) throw new Error(`chpasswd failed for ${username}`)
}

const remove = async (username: string): Promise<void> => {
  const { stdout } = await run('ps', ['-u', username, '-o', 'pid=']).catch(() => ({ stdout: '' }))
  for (const pid of stdout.split(/\s+/).filter(Boolean)) endProcess(Number(pid))
  await run('userdel', ['--remove', '--force', username]).catch(() => {})
}

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
