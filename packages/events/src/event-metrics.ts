import { numberOf } from '@sallyport/database/number-of'
import type { Meter } from '@sallyport/telemetry/metrics'
import type { Pool } from 'pg'

/**
 * Tells of what a service has not published, and of what it could not apply.
 * @param pool as the service's worker role, with the service's schema as search path
 */
export const observeEvents = (meter: Pick<Meter, 'gauge'>, pool: Pool): void => {
  meter.gauge('sallyport_outbox_events', () => numberOf(pool, 'select count(*) as value from outbox'))
  meter.gauge('sallyport_outbox_age_seconds', () =>
    numberOf(pool, 'select extract(epoch from now() - min(created_at)) as value from outbox'),
  )
  meter.gauge('sallyport_dead_letters', () => numberOf(pool, 'select count(*) as value from dead_letters'))
}
