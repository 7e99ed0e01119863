import type { Pool } from '@sallyport/database/pool'
import type { EventsLog } from '@sallyport/events/event-log'
import type { ChainKeys } from '../chain-keys.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'
import { grownChains, storeCheckpoint } from '../store/checkpoints.ts'
import { appendCheckpoint } from './checkpoint-files.ts'

export type CheckpointerDeps = {
  readonly app: Pool
  readonly worker: Pool
  readonly keys: Pick<ChainKeys, 'signCheckpoint'>
  readonly directory: string
  readonly clock: { readonly now: () => Date }
  readonly log: EventsLog
  /** A chain that grew is signed after at most this long; 10 s unless given. */
  readonly everyMs?: number
}

/** Disposing it signs what is unsigned, and stops. */
export type Checkpointer = AsyncDisposable & {
  /** Counts records; every thousandth asks for a checkpoint at once. */
  readonly grown: (count: number) => void
}

const maxUnsigned = 1000

/** Signs every chain that grew since its last checkpoint. */
export const signGrownChains = async (deps: CheckpointerDeps): Promise<void> => {
  for (const { tenantId, sequence, mac } of await grownChains(deps.worker)) {
    const signedAt = deps.clock.now()
    const checkpoint: Checkpoint = deps.keys.signCheckpoint({ tenantId, sequence, mac, signedAt })
    // The file first: what the database says was signed is then always on disk in the second place.
    await appendCheckpoint(deps.directory, checkpoint)
    await storeCheckpoint(deps.app, checkpoint)
  }
}

/** Signs chains as they grow: every thousand records, and every ten seconds if there is anything new. */
export const startCheckpointer = (deps: CheckpointerDeps): Checkpointer => {
  let unsigned = 0
  let underway: Promise<void> = Promise.resolve()
  const sign = (): Promise<void> => {
    unsigned = 0
    underway = underway
      .then(() => signGrownChains(deps))
      .catch((err: unknown) => deps.log.error({ err }, 'Checkpoints of the audit trail could not be written'))
    return underway
  }
  const timer = setInterval(() => void sign(), deps.everyMs ?? 10_000)
  return {
    grown: count => {
      unsigned += count
      if (unsigned >= maxUnsigned) void sign()
    },
    [Symbol.asyncDispose]: () => {
      clearInterval(timer)
      return sign()
    },
  }
}
