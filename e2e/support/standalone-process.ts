import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { collect } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'

/** `pnpm start` as a process of its own. */
export type StandaloneProcess = AsyncDisposable & {
  readonly apiUrl: string
  readonly sshPort: number
  readonly initialPassword: string
  /** All that it wrote. */
  readonly output: () => Buffer
  /** It, and every process that it started. */
  readonly processIds: () => Promise<number[]>
  /** Ends it with a signal, and waits for the last of its processes. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

const program = join(import.meta.dirname, '../../services/standalone/src/main.ts')

export const startStandalone = async (dataDirectory: string): Promise<StandaloneProcess> => {
  // A signal makes node write down what it holds in memory, into the data directory.
  const diagnostics = ['--heapsnapshot-signal=SIGUSR2', '--report-on-signal', '--report-signal=SIGPIPE']
  const args = ['--conditions=source', ...diagnostics, program, '--data-dir', dataDirectory]
  const ports = ['--http-port', '0', '--ssh-port', '0', '--log-level', 'debug']
  // A core dump is the machine's memory as it is; whether there are any is for the operating system to say.
  const child = spawn('sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', process.execPath, ...args, ...ports], {
    cwd: dataDirectory,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  const parts = [collect(child.stdout), collect(child.stderr)]
  const output = (): Buffer => Buffer.concat(parts.map(part => part()))
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  const processIds = (): Promise<number[]> => descendantsOf(child.pid ?? 0)
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const processes = await processIds()
    if (!isOver()) child.kill(signal)
    await ended
    await eventually(async () => (await Promise.all(processes.map(isAlive))).every(alive => !alive), 20_000)
  }
  const told = (pattern: RegExp): string => pattern.exec(output().toString())?.[1] ?? ''
  try {
    await eventually(() => {
      if (isOver()) throw new Error(output().toString())
      return told(/(Ctrl-C stops)/) !== ''
    }, 60_000)
  } catch (failure) {
    await kill('SIGKILL')
    throw failure
  }
  return {
    apiUrl: told(/REST API +(\S+)\/v1/),
    sshPort: Number(told(/ssh -p (\d+)/)),
    initialPassword: told(/ password +(\S+)/),
    output,
    processIds,
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  }
}

const isAlive = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    // A zombie that nobody has waited for yet is dead.
    stat => stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z',
    () => false,
  )

const descendantsOf = async (root: number): Promise<number[]> => {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    const status = /^\d+$/.test(name) ? await readFile(`/proc/${name}/status`, 'utf8').catch(() => '') : ''
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1]
    if (parent) parents.set(Number(name), Number(parent))
  }
  const isInTree = (pid: number | undefined): boolean =>
    pid === root || (pid !== undefined && pid > 1 && isInTree(parents.get(pid)))
  return [...parents.keys()].filter(isInTree)
}
