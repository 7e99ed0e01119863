import { recordAudit } from '@sallyport/audit-events/record'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { EventsLog } from '@sallyport/events/event-log'
import { unlessUnderway } from '@sallyport/events/leader'
import type { ChainKeys } from '../chain-keys.ts'
import type { Head } from '../domain/chain.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'
import { grownChains, storeCheckpoint } from '../store/checkpoints.ts'
import { DamagedTrailError, growTree } from '../tree/grow-tree.ts'
import { appendCheckpoint } from './checkpoint-files.ts'

export type CheckpointerDeps = {
  readonly app: Pool
  readonly worker: Pool
  readonly keys: Pick<ChainKeys, 'signCheckpoint' | 'macOf'>
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

/**
 * Signs every chain that grew since its last checkpoint, after proving what it grew by. A chain that is damaged is not
 * signed any more, and does not keep the others from being signed.
 */
export const signGrownChains = async (
  deps: CheckpointerDeps,
  onDamaged: (tenantId: string, badSequence: number) => Promise<void> = async () => {},
): Promise<void> => {
  for (const grown of await grownChains(deps.worker)) {
    try {
      await signChain(deps, grown)
    } catch (err) {
      const { tenantId } = grown
      deps.log.error({ err, tenantId }, 'A checkpoint of the audit trail could not be written')
      if (err instanceof DamagedTrailError) await onDamaged(tenantId, err.badSequence)
    }
  }
}

const signChain = async (deps: CheckpointerDeps, grown: Head & { tenantId: string }): Promise<void> => {
  const { tenantId, sequence, mac } = grown
  const root = await growTree(deps, tenantId, grown)
  const signedAt = deps.clock.now()
  const checkpoint: Checkpoint = deps.keys.signCheckpoint({ tenantId, sequence, mac, root, signedAt })
  // The file first: what the database says was signed is then always on disk in the second place.
  await appendCheckpoint(deps.directory, checkpoint)
  await storeCheckpoint(deps.app, checkpoint)
}

/** Raises the alarm once for each trail and replica: what is said of it makes the trail grow, and so be looked at again. */
const alarmOf = ({
  app,
  log,
}: CheckpointerDeps): ((tenantId: string, badSequence: number) => Promise<void>) => {
  const raised = new Set<string>()
  return async (tenantId, badSequence) => {
    if (raised.has(tenantId)) return
    raised.add(tenantId)
    await pgTenantTransaction(app, tenantId, sql =>
      recordAudit(sql, { service: 'audit', tenantId }, 'audit.damaged', {
        outcome: 'failure',
        details: { bad_sequence: badSequence },
      }),
    ).catch((err: unknown) => log.error({ err, tenantId }, 'A damaged audit trail could not be reported'))
  }
}

/**
 * Signs chains as they grow: every thousand records, and every ten seconds if there is anything new. Run it in every
 * replica.
 */
export const startCheckpointer = (deps: CheckpointerDeps): Checkpointer => {
  let unsigned = 0
  const alarm = alarmOf(deps)
  let underway: Promise<unknown> = Promise.resolve()
  const sign = (): Promise<unknown> => {
    unsigned = 0
    underway = underway
      // Two replicas that sign one chain at once would be in each other's way; what one leaves, the next round finds.
      .then(() =>
        unlessUnderway({ pool: deps.worker, task: 'checkpoints' }, () => signGrownChains(deps, alarm)),
      )
      .catch((err: unknown) => deps.log.error({ err }, 'Checkpoints of the audit trail could not be written'))
    return underway
  }
  const timer = setInterval(() => void sign(), deps.everyMs ?? 10_000)
  return {
    grown: count => {
      unsigned += count
      if (unsigned >= maxUnsigned) void sign()
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await sign()
    },
  }
}
