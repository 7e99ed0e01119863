import { recordAudit } from '@sallyport/audit-events/record'
import { safeText } from '@sallyport/audit-events/safe-text'
import type { Pool } from '@sallyport/database/pool'
import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Egress } from '@sallyport/egress/egress'
import { decodeBody } from '../domain/body.ts'
import { framesOf, maxRecords, missingIn } from '../domain/forwarding/batch.ts'
import type { Destination } from '../domain/forwarding/destination.ts'
import type { TrailRecord } from '../domain/trail-record.ts'
import { noteDelivered, noteFailure } from '../store/destinations.ts'
import { recordsAfter, type StoredRecord } from '../store/records.ts'
import { encoders } from './formats.ts'
import { deliver } from './receiver.ts'

export type BatchDeps = {
  readonly app: Pool
  readonly egress: Egress
  readonly clock: { readonly now: () => Date }
  readonly signal: AbortSignal
}

const about = ({ tenantId }: Destination) => ({ service: 'audit', tenantId }) as const
const subjectOf = ({ id, name }: Destination) => ({ kind: 'audit-destination', id, name })

/**
 * What is sent of a row. Whatever somebody made of its body, there is a record to send: to fail at one that was tampered
 * with would silence what comes after it.
 */
const recordOf = (row: StoredRecord, { tenantId }: Destination): TrailRecord => ({
  ...decodeBody(row.body),
  tenantId,
  sequence: Number(row.sequence),
  occurredAt: row.occurred_at,
})

/** A gap is told and passed over: who takes a record away must not silence what comes after it. */
const tellOfGap = async (sql: Sql, to: Destination, sequence: number | undefined): Promise<void> => {
  if (sequence === undefined) return
  const entry = { outcome: 'failure', target: subjectOf(to), details: { sequence } } as const
  await recordAudit(sql, about(to), 'audit_destination.gap_found', entry)
}

const tellOfRecovery = async (sql: Sql, to: Destination): Promise<void> => {
  if (!to.failingSince) return
  const details = { failing_since: to.failingSince.toISOString() }
  await recordAudit(sql, about(to), 'audit_destination.recovered', { target: subjectOf(to), details })
}

/**
 * Sends what comes next in the trail, one connection's worth, and notes that it was read.
 * @returns the destination as it is then; undefined if nothing is left to send, or it was changed meanwhile
 */
export const forwardBatch = async (deps: BatchDeps, to: Destination): Promise<Destination | undefined> => {
  const { app, egress, clock, signal } = deps
  const rows = await pgTenantTransaction(app, to.tenantId, sql =>
    recordsAfter(sql, to.tenantId, to.position, maxRecords),
  )
  const records = rows.map(row => recordOf(row, to))
  const frames = framesOf(records, encoders[to.format])
  const sent = records.slice(0, frames.length)
  const position = sent.at(-1)?.sequence
  if (position === undefined) return undefined
  await deliver(egress, to, frames, signal)
  return pgTenantTransaction(app, to.tenantId, async sql => {
    const noted = await noteDelivered(sql, to, { position, now: clock.now() })
    if (!noted) return undefined
    await tellOfGap(sql, to, missingIn(sent, to.position))
    await tellOfRecovery(sql, to)
    return { ...to, position, failingSince: undefined }
  })
}

/** As an administrator reads it, without Node's advice to whoever starts Node. */
const reasonOf = (thrown: unknown): string => {
  const message = thrown instanceof Error ? thrown.message : 'unknown'
  return safeText(message.replace(/; if the root CA is installed locally.*$/, ''), 200)
}

/** Notes why nothing can be delivered; the first time, in the trail. */
export const noteTrouble = (
  { app, clock }: Pick<BatchDeps, 'app' | 'clock'>,
  to: Destination,
  thrown: unknown,
): Promise<void> =>
  pgTenantTransaction(app, to.tenantId, async sql => {
    const failure = reasonOf(thrown)
    if (!(await noteFailure(sql, to, { failure, now: clock.now() }))) return
    await recordAudit(sql, about(to), 'audit_destination.unreachable', {
      outcome: 'failure',
      target: subjectOf(to),
      details: { reason: failure },
    })
  })
