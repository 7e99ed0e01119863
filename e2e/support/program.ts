import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from '@sallyport/testing/eventually'
import { processTree } from './process-tree.ts'

/** Where programs are, unless told. */
export const thisCheckout = join(import.meta.dirname, '../..')

/** A program of the platform as a process of its own. Disposing it ends it. */
export type Program = AsyncDisposable & {
  readonly pid: number
  /** Everything that it has printed, on both outputs. */
  readonly printed: () => string
  /** Gives it lines of input; only to one that was started with `typed`. */
  readonly type: (line: string) => void
  readonly shows: (pattern: RegExp, timeoutMs?: number) => Promise<RegExpExecArray>
  /** Nothing happens if it has ended. */
  readonly kill: (signal: NodeJS.Signals) => void
  /** The exit status, or the signal that ended it. */
  readonly exit: Promise<number | string>
}

type Options = {
  readonly env?: Readonly<Record<string, string>>
  /** Whom to run as; only root can choose. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Of another version; this one unless given. */
  readonly checkout?: string | undefined
  /** Whether it gets input; it finds none unless told. */
  readonly typed?: boolean
}

/** Starts a program by its path in the checkout, as `pnpm start` and `pnpm demo` do. */
export const startProgram = (path: string, args: readonly string[], options: Options = {}): Program => {
  const { env, user, typed = false, checkout = thisCheckout } = options
  const child = spawn(process.execPath, ['--conditions=source', join(checkout, path), ...args], {
    env: { ...process.env, ...env },
    ...user,
    cwd: '/',
    stdio: 'pipe',
  })
  if (!typed) child.stdin.end()
  const printed = collectText(child)
  const exit = once(child, 'close').then(([code, signal]: unknown[]) =>
    typeof code === 'number' ? code : String(signal),
  )
  return {
    pid: child.pid ?? 0,
    printed,
    type: line => void child.stdin.write(`${line}\n`),
    shows: (pattern, timeoutMs = 60_000) => shown(child, printed, pattern, timeoutMs),
    kill: signal => void child.kill(signal),
    exit,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exit
    },
  }
}

const collectText = (child: ChildProcessWithoutNullStreams): (() => string) => {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}

const shown = async (
  child: ChildProcessWithoutNullStreams,
  printed: () => string,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpExecArray> => {
  const found = await eventually(() => pattern.exec(printed()) ?? child.exitCode !== null, timeoutMs)
  if (found !== true) return found
  throw new Error(`It ended without showing ${String(pattern)}, but:\n${printed()}`)
}

/** Everything that a program runs, to be asked later whether it is still there. */
export const processesOf = ({ pid }: Program): readonly number[] => processTree(pid)
