import { numberOf } from '@sallyport/database/number-of'
import type { Pool } from '@sallyport/database/pool'
import type { Meter } from '@sallyport/telemetry/metrics'

const unsigned = `
  select sum(sequence - coalesce(
    (select max(sequence) from checkpoints where checkpoints.tenant_id = heads.tenant_id), 0)) as value
  from heads`

const failing = 'select count(*) as value from destinations where failing_since is not null and not disabled'

const behind = `
  select max(heads.sequence - destinations.position) as value
  from destinations join heads on heads.tenant_id = destinations.tenant_id where not disabled`

/** Tells of every tenant's trail, and of how far its receivers are. */
export const observeTrails = (meter: Pick<Meter, 'gauge'>, worker: Pool): void => {
  meter.gauge('sallyport_audit_unsigned_records', () => numberOf(worker, unsigned))
  meter.gauge('sallyport_audit_destinations_failing', () => numberOf(worker, failing))
  meter.gauge('sallyport_audit_destinations_behind_records', () => numberOf(worker, behind))
}
