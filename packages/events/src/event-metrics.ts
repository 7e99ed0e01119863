import { numberOf } from '@sallyport/database/number-of'
import type { Meter } from '@sallyport/telemetry/metrics'
import type { Pool } from 'pg'
import type { EventDriver } from './driver.ts'

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

/** The driver, telling of each subscription how long after an event it was applied. */
export const timed = (driver: EventDriver, meter: Pick<Meter, 'time'>): EventDriver => ({
  ...driver,
  subscribe: subscription => {
    const { group, handle } = subscription
    return driver.subscribe({
      ...subscription,
      handle: async records => {
        await handle(records)
        const now = Date.now()
        // The moment is the database's; a clock of ours that is behind it makes nothing faster than it is.
        for (const { time } of records)
          meter.time('sallyport_event_delay_seconds', Math.max(0, now - time.getTime()) / 1000, { group })
      },
    })
  },
})
