import { eventually } from '@sallyport/testing/eventually'
import type { Superuser } from '../superuser.ts'
import type { Acknowledged } from './writers.ts'

/** The acknowledged writes that are not there, or there twice. */
export const missingOf = async (
  superuser: Superuser,
  acknowledged: readonly Acknowledged[],
): Promise<Acknowledged[]> => {
  const missing: Acknowledged[] = []
  for (const table of new Set(acknowledged.map(one => one.table))) {
    const expected = acknowledged.filter(one => one.table === table)
    const rows = await superuser.query(`select id from ${table} where id = any($1)`, [
      expected.map(({ id }) => id),
    ])
    const stored = new Set(rows.map(row => row['id']))
    missing.push(...expected.filter(({ id }) => !stored.has(id)))
  }
  return missing
}

/** The acknowledged writes without exactly one record in the audit trail. */
export const unrecordedOf = async (
  superuser: Superuser,
  acknowledged: readonly Acknowledged[],
): Promise<Acknowledged[]> => {
  const rows = await superuser.query(
    `select code || ' ' || target_id as name from audit.records group by 1 having count(*) = 1`,
  )
  const recorded = new Set(rows.map(row => row['name']))
  return acknowledged.filter(({ code, id }) => !recorded.has(`${code} ${id}`))
}

const waiting = ['access_control', 'vault', 'execution', 'session_proxy', 'audit']
  .map(schema => `(select count(*)::int from ${schema}.outbox)`)
  .join(' + ')

/**
 * Waits until every event is where it belongs, every operation has come to an end, and every session is ended. Where ways
 * went silent, that takes as long as it takes to find them so, one after the other: docs/limits.md.
 */
export const settled = (superuser: Superuser): Promise<true> =>
  eventually(async () => {
    const [row] = await superuser.query(
      `select ${waiting} as events,
              (select count(*)::int from execution.operations where state in ('scheduled', 'running')) as operations,
              (select count(*)::int from session_proxy.sessions where ended_at is null) as sessions,
              (select count(*)::int from event_log.records r where topic = 'sallyport.audit-intake.v1' and position >
                 (select position from event_log.offsets o where o.topic = r.topic)) as records`,
    )
    const left = Object.values(row ?? {}).reduce((sum: number, count) => sum + Number(count), 0)
    if (left > 0) throw new Error(`It has not settled: ${JSON.stringify(row)}`)
    return true as const
  }, 120_000)
