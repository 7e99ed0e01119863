import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase, type TestDatabase } from '@sallyport/testing/postgres'
import type { EventDriver, Subscription } from '../src/driver.ts'
import type { EventsLog } from '../src/event-log.ts'
import type { EventRecord } from '../src/event-record.ts'

export const quiet: EventsLog = { error: () => {}, warn: () => {} }

/** A service's database with nothing but the tables of `sql/outbox.sql`. */
export const outboxDatabase = async (): Promise<TestDatabase> => {
  const snippet = await readFile(join(import.meta.dirname, '../sql/outbox.sql'), 'utf8')
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-outbox-'))
  stack.defer(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, '20260101000000_outbox'))
  await writeFile(
    join(directory, '20260101000000_outbox/migration.sql'),
    `${snippet.replaceAll('SCHEMA', 'vault')}
     create table applied (event_id uuid, note text);
     grant select, insert on applied to sallyport_vault;`,
  )
  return await testDatabase('vault', directory)
}

/** A driver that hands over what the test says, and remembers what was published. */
export type FakeDriver = EventDriver & {
  readonly published: EventRecord[]
  /** Hands records to the subscribers, as a broker would, and again after a failure. */
  readonly deliver: (records: readonly EventRecord[]) => Promise<void>
}

export const fakeDriver = (publish: (records: readonly EventRecord[]) => void = () => {}): FakeDriver => {
  const published: EventRecord[] = []
  const subscriptions: Subscription[] = []
  return {
    published,
    publish: async records => {
      published.push(...records)
      publish(records)
    },
    subscribe: subscription => {
      subscriptions.push(subscription)
      return new Promise(resolve => subscription.signal.addEventListener('abort', () => resolve()))
    },
    deliver: async records => {
      for (const { handle } of subscriptions) await handle(records)
    },
    probe: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
