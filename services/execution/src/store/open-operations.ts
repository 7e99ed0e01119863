import type { Observed } from '@sallyport/telemetry/metrics'
import type { Pool } from 'pg'

const states = ['scheduled', 'running', 'unknown'] as const

/** How many operations of all tenants have not ended, by state. For the worker role. */
export const openOperations = async (worker: Pool): Promise<Observed<'sallyport_operations'>> => {
  const { rows } = await worker.query<{ state: string; count: string }>(
    `select state, count(*) from operations where state in ('scheduled', 'running', 'unknown') group by state`,
  )
  const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]))
  return states.map(state => ({ value: counts.get(state) ?? 0, labels: { state } }))
}
