import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSsh, type SshLogin, type SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { type Ran, runProgram } from './ssh-program.ts'

/** One signed-in connection of the OpenSSH client, for any number of shells and commands (ControlMaster). */
export type SshMaster = AsyncDisposable & {
  /** For `ssh`, `scp` and `sftp`, to go through this connection and nowhere else. */
  readonly options: readonly string[]
  readonly run: (command: string, options?: RunOptions) => Promise<Ran>
  readonly start: (command: string, options?: readonly string[]) => ChildProcessWithoutNullStreams
  /** What the connection itself has complained of. */
  readonly complaints: () => string
}

type RunOptions = { readonly input?: string | Buffer; readonly options?: readonly string[] }

export const openMaster = async (login: SshLogin, options: readonly string[] = []): Promise<SshMaster> => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-mux-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const socket = join(directory, 'mux')
  const master = stack.use(await runSsh(login, { options: ['-M', '-S', socket, '-N', ...options] }))
  await untilReady(master, socket)
  const through = [
    '-F',
    'none',
    '-o',
    `ControlPath=${socket}`,
    '-o',
    'ProxyCommand=false',
    '-o',
    'BatchMode=yes',
  ]
  const owned = stack.move()
  return {
    options: through,
    run: (command, { input, options: more = [] } = {}) =>
      runProgram('ssh', [...through, ...more, '127.0.0.1', command], {
        ...(input !== undefined && { input }),
      }),
    start: (command, more = []) =>
      spawn('ssh', [...through, ...more, '127.0.0.1', command], { stdio: 'pipe', env: process.env }),
    complaints: () => master.stderr().toString('utf8'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The client makes its socket once it has signed in. */
const untilReady = async (master: SshRun, socket: string): Promise<void> => {
  const ended = master.exit.then(status => {
    throw new Error(`ssh ended with ${status}: ${master.stderr().toString('utf8')}`)
  })
  ended.catch(() => {})
  await Promise.race([ended, eventually(() => access(socket).then(() => true), 20_000)])
}
