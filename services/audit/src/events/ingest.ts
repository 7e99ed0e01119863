import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from '@sallyport/database/pool'
import { pgTenantTransaction, pgTransaction } from '@sallyport/database/transaction'
import { deadLetter } from '@sallyport/events/dead-letters'
import type { EventRecord } from '@sallyport/events/event-record'
import type { EventsLog } from '@sallyport/events/event-log'
import { eachInSpan, processSpan } from '@sallyport/events/event-spans'
import { isTransient } from '@sallyport/events/transient'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { ChainKeys } from '../chain-keys.ts'
import { appendRecords, type NewRecord } from '../store/append-records.ts'
import { acceptEvent } from './accept.ts'
import { publishRecords } from './published.ts'

export type IngestDeps = {
  readonly pool: Pool
  readonly keys: Pick<ChainKeys, 'macOf'>
  readonly clock: { readonly now: () => Date }
  readonly log: EventsLog
  /** Told how many records a chain grew by, after the commit. */
  readonly onGrown: (count: number) => void
}

/** The consumer group of the intake topic. */
export const ingestGroup = 'audit'

type Accepted = { readonly event: EventRecord; readonly record: NewRecord }

const bury = async ({ pool, log }: IngestDeps, event: EventRecord, err: unknown): Promise<void> => {
  log.error({ err, eventId: event.id }, 'An audit event could not be recorded and became a dead letter')
  await pgTransaction(pool, sql => deadLetter(sql, ingestGroup, event, err))
}

const accept = async (deps: IngestDeps, events: readonly EventRecord[]): Promise<Accepted[]> => {
  const accepted: Accepted[] = []
  for (const event of events) {
    try {
      accepted.push({ event, record: acceptEvent(event) })
    } catch (error) {
      await bury(deps, event, error)
    }
  }
  return accepted
}

const extend = (
  { pool, keys, clock }: IngestDeps,
  tenantId: string,
  accepted: readonly Accepted[],
): Promise<number> =>
  pgTenantTransaction(pool, tenantId, async sql => {
    const records = await appendRecords(
      sql,
      tenantId,
      accepted.map(({ record }) => record),
      { mac: keys.macOf(tenantId), recordedAt: clock.now() },
    )
    const traces = new Map(accepted.map(({ event, record }) => [record.eventId, event.traceparent]))
    await publishRecords(sql, records, traces)
    return records.length
  })

const tries = 5

/** The first pause between two of them, doubled each time. */
const retryMs = 100

/** What an event is wrong about stays wrong; whatever else was, may be over in a second. */
const extendByOne = async (deps: IngestDeps, tenantId: string, one: Accepted): Promise<number> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await extend(deps, tenantId, [one])
    } catch (error) {
      if (isTransient(error)) throw error
      if (attempt === tries) {
        await bury(deps, one.event, error)
        return 0
      }
      await pause(retryMs * 2 ** (attempt - 1))
    }
  }
}

// A batch that PostgreSQL refuses goes in one by one, so that one bad event costs only itself.
const extendOneByOne = async (
  deps: IngestDeps,
  tenantId: string,
  accepted: readonly Accepted[],
): Promise<number> => {
  let grown = 0
  for (const one of accepted) grown += await extendByOne(deps, tenantId, one)
  return grown
}

const extendChain = async (
  deps: IngestDeps,
  tenantId: string,
  accepted: readonly Accepted[],
): Promise<void> => {
  let grown: number
  try {
    grown = await extend(deps, tenantId, accepted)
  } catch (error) {
    if (isTransient(error)) throw error
    deps.log.warn({ err: error }, 'A batch of audit events was refused; they are recorded one by one')
    grown = await extendOneByOne(deps, tenantId, accepted)
  }
  deps.onGrown(grown)
}

/** Records a batch of intake events: one transaction for each tenant, which all may be repeated. */
export const ingest =
  (deps: IngestDeps) =>
  async (events: readonly EventRecord[]): Promise<void> => {
    const accepted = await accept(deps, events)
    const byTenant = Map.groupBy(accepted, ({ record }) => record.tenantId)
    for (const [tenantId, ofTenant] of byTenant) await extendChain(deps, tenantId, ofTenant)
  }

/** The same, with a span for each event that is part of a trace; what is published of it goes on from there. */
export const traced =
  (tracing: Pick<Tracing, 'resume'>, handle: ReturnType<typeof ingest>): ReturnType<typeof ingest> =>
  events =>
    eachInSpan(events, event => processSpan(tracing, ingestGroup, event, 'AuditEvent'), handle)

/** Records an event that was a dead letter. Throws what is still wrong with it. */
export const recordAgain =
  (deps: IngestDeps) =>
  async (event: EventRecord): Promise<void> => {
    const record = acceptEvent(event)
    deps.onGrown(await extend(deps, record.tenantId, [{ event, record }]))
  }
