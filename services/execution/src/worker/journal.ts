import type { JournalStep } from '../domain/rotation/journal.ts'
import type { Ending, Job, JobStore } from '../store/job.ts'

/** For tests: called before a step is stored and after it was. It may never come back, as after `kill -9`. */
export type CrashPoint = (
  place: `before ${JournalStep}` | `after ${JournalStep}`,
  attempt: number,
) => void | Promise<void>

/** The journal of one attempt. Each call resolves only when what it says is durable. */
export type Journal = {
  /** The last step that was stored. */
  readonly step: JournalStep
  reach(step: JournalStep): Promise<void>
  end(ending: Ending, step?: JournalStep): Promise<void>
}

type Deps = { jobs: Pick<JobStore, 'step' | 'end'>; crashPoint?: CrashPoint | undefined }

export const journalOf = ({ jobs, crashPoint }: Deps, job: Job, lines: () => readonly string[]): Journal => {
  let step: JournalStep = 'begun'
  return {
    get step() {
      return step
    },
    async reach(next) {
      await crashPoint?.(`before ${next}`, job.number)
      await jobs.step(job, next, lines())
      step = next
      await crashPoint?.(`after ${next}`, job.number)
    },
    async end(ending, last = step) {
      if (last !== step) await crashPoint?.(`before ${last}`, job.number)
      await jobs.end(job, last, ending, lines())
      if (last !== step) await crashPoint?.(`after ${last}`, job.number)
      step = last
    },
  }
}
