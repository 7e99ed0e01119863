import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A program of ours in a process of its own, so that what it uses can be told from what its load uses. */
export type Child<Ready> = AsyncDisposable & { readonly pid: number; readonly ready: Ready }

/** Starts a script that calls `serveChild`. */
export const startChild = async <Ready>(script: string, input: object): Promise<Child<Ready>> => {
  const child = fork(script, { execArgv: ['--conditions=source'], serialization: 'advanced' })
  const ended = once(child, 'exit')
  child.send(input)
  const [ready] = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error(`${script} ended`))),
  ])
  if (child.pid === undefined) throw new Error('a process that runs has an id')
  return {
    pid: child.pid,
    ready,
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

type Started = { readonly ready: unknown; readonly stop: () => PromiseLike<void> }

/** The other end: starts with the input, tells what is needed to reach it, and ends with its parent. */
export const serveChild = (start: (input: never) => Promise<Started>): void => {
  const serve = async (input: never): Promise<void> => {
    const { ready, stop } = await start(input)
    process.once('disconnect', () => void Promise.resolve(stop()).finally(() => process.exit()))
    process.send?.(ready)
  }
  // Both ends are ours: the parent sends what this script takes.
  process.once('message', input => void serve(input as never))
}
