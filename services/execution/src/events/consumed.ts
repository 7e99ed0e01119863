import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { consume, type EventHandler } from '@sallyport/events/consumer'
import { domainEvents } from '@sallyport/events/domain-events'
import type { EventDriver } from '@sallyport/events/driver'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { Pool } from 'pg'
import { onCustodyEnded } from './custody-ended.ts'
import { onSecretRevealed } from './secret-revealed.ts'
import { onSessionEnded } from './session-ended.ts'
import { onTargetsChanged } from './targets-changed.ts'
import { onGrantEnded, onRequestEnded } from './window-ended.ts'

type Deps = {
  pool: Pool
  workerPool: Pool
  driver: EventDriver
  log: Logger
  tracing: Pick<Tracing, 'resume'>
  signal: AbortSignal
}

const handlers = {
  SecretRevealed: onSecretRevealed,
  CustodyEnded: onCustodyEnded,
  SessionEnded: onSessionEnded,
  RequestEnded: onRequestEnded,
  GrantEnded: onGrantEnded,
  TargetsChanged: onTargetsChanged,
} as const satisfies Partial<Record<keyof typeof domainEvents, EventHandler<Sql>>>

/** Listens to what asks for changes of secrets, until the signal fires. */
export const listen = ({ pool, workerPool, driver, log, tracing, signal }: Deps): Promise<void> =>
  consume<Sql>({
    driver,
    group: 'execution',
    topics: [
      domainEvents.SecretRevealed.topic,
      domainEvents.SessionEnded.topic,
      domainEvents.RequestEnded.topic,
    ],
    handlers,
    withTransaction: (tenantId, work) => pgTenantTransaction(pool, tenantId, work),
    sqlOf: sql => sql,
    workerPool,
    log,
    tracing,
    signal,
  })
