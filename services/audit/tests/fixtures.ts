import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditCode } from '@sallyport/audit-events/catalogue'
import { type AuditEntry, auditEvent } from '@sallyport/audit-events/record'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import type { EventsLog } from '@sallyport/events/event-log'
import type { EventRecord } from '@sallyport/events/event-record'
import { fakeClock } from '@sallyport/testing/clock'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { type ChainKeys, createChainKeyFile, readChainKey } from '../src/chain-keys.ts'
import { signGrownChains } from '../src/checkpoints/checkpointer.ts'
import { ingest, recordAgain } from '../src/events/ingest.ts'
import { runVerify } from '../src/verify.ts'

export const quiet: EventsLog = { error: () => {}, warn: () => {} }

/** An intake event as the event log hands it over. */
export const intake = (
  tenantId: string,
  code: AuditCode = 'secret.revealed',
  entry: AuditEntry<AuditCode> = {},
  actorId = 'u1',
): EventRecord => {
  const actor = { kind: 'user', id: actorId, name: 'alice', sourceAddress: '192.0.2.1' } as const
  const event = auditEvent({ service: 'vault', tenantId, actor }, code, entry)
  return {
    id: event.id,
    topic: 'sallyport.audit-intake.v1',
    key: tenantId,
    tenantId,
    type: 'AuditEvent',
    source: 'sallyport/vault',
    time: new Date(),
    payload: AuditEvent.encode(event).finish(),
  }
}

export const intakes = (tenantId: string, count: number): EventRecord[] =>
  Array.from({ length: count }, () => intake(tenantId))

/** The parts of the service that keep a trail, on a database of their own. */
export type TrailFixture = AsyncDisposable & {
  readonly db: TestDatabase
  readonly keys: ChainKeys
  readonly keyFile: string
  readonly checkpointDirectory: string
  readonly record: (events: readonly EventRecord[]) => Promise<void>
  readonly recordAgain: (event: EventRecord) => Promise<void>
  readonly sign: () => Promise<void>
  /** `audit verify` as an operator runs it. */
  readonly verify: (
    tenantId?: string,
    ...args: readonly string[]
  ) => Promise<{ code: number; output: string }>
}

export const trailFixture = async (): Promise<TrailFixture> => {
  const db = await testDatabase('audit')
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-audit-'))
  const keyFile = join(directory, 'chain.key')
  await createChainKeyFile(keyFile)
  const keys = await readChainKey(keyFile)
  const checkpointDirectory = join(directory, 'checkpoints')
  const clock = fakeClock()
  const [app, worker] = [db.appPool, db.workerPool]
  const ingesting = { pool: app, keys, clock, log: quiet, onGrown: () => {} }
  return {
    db,
    keys,
    keyFile,
    checkpointDirectory,
    record: ingest(ingesting),
    recordAgain: recordAgain(ingesting),
    sign: () => signGrownChains({ app, worker, keys, directory: checkpointDirectory, clock, log: quiet }),
    verify: async (tenantId, ...args) => {
      const lines: string[] = []
      const of = tenantId ? ['--tenant', tenantId] : []
      const where = args.includes('--export') ? [] : ['--database-url', db.url('worker')]
      const all = [...where, '--key-file', keyFile, '--checkpoints', checkpointDirectory, ...of, ...args]
      const code = await runVerify(all, {}, line => lines.push(line))
      return { code, output: lines.join('\n') }
    },
    [Symbol.asyncDispose]: async () => {
      await db[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export const newTenant = (): string => randomUUID()
