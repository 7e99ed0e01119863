import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '@sallyport/testing/eventually'
import { type Program, startProgram } from './program.ts'

/** A program that is started again whenever it ends. Disposing it ends it for good. */
export type Supervised = AsyncDisposable & {
  /** As it was given, without what it was armed with. */
  readonly environment: Readonly<Record<string, string>>
  /** Of the run that there is, or was last. */
  readonly pid: () => number
  /** Nothing happens between two runs. */
  readonly kill: (signal: NodeJS.Signals) => void
  /** Waits until the run with this number, or the latest one, has said that it serves; then how long it took. */
  readonly ready: (run?: number) => Promise<number>
  /** How often it was started. */
  readonly runs: () => number
  /** Gives the next run, and only that one, more environment. */
  readonly arm: (environment: Readonly<Record<string, string>>) => void
  /** Has the next runs be of another version. */
  readonly moveTo: (checkout: string) => void
  /** All that it has printed, in every run. */
  readonly printed: () => string
}

type Options = {
  /** Path in the checkout. */
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  /** What it prints when it serves. */
  readonly serves: RegExp
  /** This one unless given. */
  readonly checkout?: string | undefined
}

const firstBackOffMs = 20
const longestBackOffMs = 1_000

/** A dozen at once share two cores. */
const startsWithinMs = 60_000

/** A run that lasted this long was a good one, and the next failure is a new story. */
const steadyMs = 3_000

export const supervise = ({ path, environment, serves, ...options }: Options): Supervised => {
  let { checkout } = options
  let armed: Readonly<Record<string, string>> = {}
  let program: Program
  let startedAt = 0
  let readyAfterMs: number | undefined
  let runs = 0
  let earlier = ''
  const stop = new AbortController()

  const noteReady = (run: number): void => {
    if (run === runs) readyAfterMs = Math.round(performance.now() - startedAt)
  }
  const start = (): void => {
    program = startProgram(path, [], { env: { ...environment, ...armed }, checkout })
    armed = {}
    runs += 1
    startedAt = performance.now()
    readyAfterMs = undefined
    const run = runs
    program.shows(serves).then(
      () => noteReady(run),
      // It ended before it served; then there is another run.
      () => {},
    )
  }
  const watch = async (): Promise<void> => {
    for (let wait = firstBackOffMs; ; wait = Math.min(wait * 2, longestBackOffMs)) {
      await program.exit
      earlier += program.printed()
      if (performance.now() - startedAt > steadyMs) wait = firstBackOffMs
      await pause(wait, undefined, { signal: stop.signal }).catch(() => {})
      if (stop.signal.aborted) return
      start()
    }
  }
  start()
  const watching = watch()
  const printed = (): string => earlier + program.printed()
  return {
    environment,
    pid: () => program.pid,
    kill: signal => program.kill(signal),
    ready: async (run = 1) =>
      eventually(() => runs >= run && readyAfterMs, startsWithinMs).catch((cause: unknown) => {
        throw new Error(`${path} does not serve:\n${printed()}`, { cause })
      }),
    runs: () => runs,
    arm: more => {
      armed = more
    },
    moveTo: other => {
      checkout = other
    },
    printed,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await program[Symbol.asyncDispose]()
      await watching
    },
  }
}
