import type { RootKeyProvider, RootKeyRotator } from '@sallyport/crypto/key-provider'
import type { Sql } from '@sallyport/database/sql'
import { consume } from '@sallyport/events/consumer'
import { domainEvents } from '@sallyport/events/domain-events'
import type { EventDriver } from '@sallyport/events/driver'
import { relayOutbox } from '@sallyport/events/relay'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Tracing } from '@sallyport/telemetry/tracing'
import { onGrantEnded } from '../events/grant-ended.ts'
import type { RevocationFeed } from '../revocation/revocation-feed.ts'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import type { Database } from '../store/database.ts'
import { countKeyUses } from './count-key-uses.ts'
import { endDueCustodies } from './end-due-custodies.ts'
import { forgetExpired } from './forget-expired.ts'
import { repeat } from './repeat.ts'
import { rotateKeys } from './rotate-keys.ts'

type Deps = {
  database: Database
  driver: EventDriver
  feed: RevocationFeed
  tenantKeys: TenantKeys
  rootKeys: RootKeyProvider & RootKeyRotator
  rewrapBatch: number
  newId: () => string
  now: () => Date
  log: Logger
  tracing: Pick<Tracing, 'resume'>
}

/** Starts what goes on without being asked. Disposing it waits for the step in hand. */
export const startBackground = (deps: Deps): AsyncDisposable => {
  const stop = new AbortController()
  const { signal } = stop
  const { database, driver, feed, log, now, tracing, rewrapBatch: batch } = deps
  const jobs = [
    feed.follow(signal),
    relayOutbox({ pool: database.workerPool, driver, source: 'sallyport/vault', log, tracing, signal }),
    consume<Sql>({
      driver,
      group: 'vault',
      topics: [domainEvents.GrantEnded.topic],
      handlers: { GrantEnded: onGrantEnded({ now }) },
      withTransaction: database.sqlInTenant,
      sqlOf: sql => sql,
      workerPool: database.workerPool,
      log,
      tracing,
      signal,
    }),
    repeat({ everyMs: 1_000, signal, log, work: () => endDueCustodies(deps) }),
    repeat({ everyMs: 60_000, signal, log, work: () => forgetExpired(deps) }),
    repeat({ everyMs: 1_000, signal, log, work: () => countKeyUses(deps) }),
    repeat({ everyMs: 1_000, signal, log, work: inner => rotateKeys({ ...deps, batch }, inner) }),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.allSettled(jobs)
      await countKeyUses(deps).catch((err: unknown) =>
        log.warn({ err }, 'Uses of keys were not written down'),
      )
    },
  }
}
