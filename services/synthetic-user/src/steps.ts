import { setTimeout } from 'node:timers/promises'

/** In their order. docs/observability.md and the runbook say what each is. */
export type StepName =
  | 'approver-sign-in'
  | 'reveal'
  | 'sign-in'
  | 'request'
  | 'approve'
  | 'session'
  | 'revoke'
  | 'end'

/** A step that did not go as it should. Its message is the cause’s, in one line. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly step: StepName

  constructor(step: StepName, cause: unknown) {
    super(oneLine(cause), { cause })
    this.step = step
  }
}

const mostCharacters = 300

/** What somebody else wrote does not reach a log or a terminal as more than text. */
const oneLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause))
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, mostCharacters)

/** Does a step; what it waits for before is not counted. */
export type Step = <T>(name: StepName, work: () => Promise<T>) => Promise<T>

/** @param onDone told how long each step took that succeeded */
export const openSteps =
  (stepMs: number, onDone: (name: StepName, seconds: number) => void): Step =>
  async (name, work) => {
    const begun = performance.now()
    try {
      const result = await within(stepMs, work())
      onDone(name, (performance.now() - begun) / 1000)
      return result
    } catch (cause) {
      throw new StepFailure(name, cause)
    }
  }

/** @throws Error if it takes longer */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const stop = new AbortController()
  const late = async (): Promise<never> => {
    await setTimeout(ms, undefined, { signal: stop.signal })
    throw new Error(`It took longer than ${ms / 1000} s`)
  }
  try {
    return await Promise.race([work, late()])
  } finally {
    stop.abort()
  }
}
