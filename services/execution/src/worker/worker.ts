import { setTimeout as pause } from 'node:timers/promises'
import { within } from '@sallyport/telemetry/span'
import type { Tracing } from '@sallyport/telemetry/tracing'
import { AttemptFailure } from '../domain/rotation/failure.ts'
import { keepLease } from './lease-keeper.ts'
import { type AttemptDeps, runAttempt } from './run-attempt.ts'

export type WorkerDeps = AttemptDeps & {
  /** Milliseconds of a clock that never jumps. */
  steadyNow: () => number
  tracing?: Pick<Tracing, 'begin'> | undefined
}

export type WorkerOptions = {
  /** Unique for each process. */
  name: string
  /** How many operations at a time. */
  slots: number
  idleMs: number
  /** How long a stop waits for what runs. */
  graceMs: number
}

export type Worker = AsyncDisposable

/** Runs operations as they become due, until it is disposed of. */
export const startWorker = (deps: WorkerDeps, options: WorkerOptions): Worker => {
  const closing = new AbortController()
  const cut = new AbortController()
  const slots = Array.from({ length: options.slots }, () =>
    runSlot(deps, options, closing.signal, cut.signal),
  )
  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      const timer = setTimeout(() => cut.abort(), options.graceMs)
      await Promise.all(slots)
      clearTimeout(timer)
    },
  }
}

const runSlot = async (deps: WorkerDeps, options: WorkerOptions, closing: AbortSignal, cut: AbortSignal) => {
  while (!closing.aborted) {
    const worked = await runNext(deps, options.name, cut).catch((error: unknown) => {
      deps.log.error({ err: error }, 'An operation could not be run; its lease will run out')
      return false
    })
    if (!worked) await pause(options.idleMs, undefined, { signal: closing }).catch(() => {})
  }
}

/** Claims and runs one operation; false: nothing is due. */
export const runNext = async (deps: WorkerDeps, name: string, stop: AbortSignal): Promise<boolean> => {
  const claimedAt = deps.steadyNow()
  const lease = await deps.jobs.claim(name)
  if (lease === undefined) return false
  using hold = keepLease(deps, lease, claimedAt, stop)
  const fields = {
    operationId: lease.operationId,
    tenantId: lease.tenantId,
    fencingToken: lease.fencingToken.toString(),
  }
  try {
    const span = deps.tracing?.begin('attempt', {})
    await within(span, async () => {
      const ending = await runAttempt(deps, await deps.jobs.begin(lease), hold)
      span?.set({ 'sallyport.attempt.ending': ending })
      deps.log.info({ ...fields, ending }, 'An attempt of an operation ended')
    })
  } catch (error) {
    if (!isLost(error)) throw error
    deps.log.warn(fields, 'Another worker took an operation over')
  }
  return true
}

const isLost = (error: unknown): boolean => error instanceof AttemptFailure && error.failure === 'lease_lost'
