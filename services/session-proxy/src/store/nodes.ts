import type { Sql } from '@sallyport/database/sql'

/** One start of one replica. */
export type NodeRun = { readonly instance: string; readonly runId: string }

/** What became of a run: it stands, others have given it up, or a later start has its name. */
export type Standing = 'standing' | 'lost' | 'taken'

/** Sessions by their ids, in all tenants. */
export type Found = { readonly id: string; readonly tenant_id: string }

export const enterNode = async (sql: Sql, { instance, runId }: NodeRun, address: string): Promise<void> => {
  await sql.query(
    `insert into nodes (instance, run_id, address, seen_at) values ($1, $2::uuid, $3, now())
     on conflict (instance) do update
       set run_id = excluded.run_id, address = excluded.address, seen_at = excluded.seen_at, lost_at = null`,
    [instance, runId, address],
  )
}

/** Says that the run is alive. A run that was given up cannot say so any more. */
export const keepNode = async (sql: Sql, { instance, runId }: NodeRun): Promise<Standing> => {
  const kept = await sql.query(
    `update nodes set seen_at = now() where instance = $1 and run_id = $2::uuid and lost_at is null returning instance`,
    [instance, runId],
  )
  if (kept.length === 1) return 'standing'
  const taken = await sql.query('select from nodes where instance = $1 and run_id <> $2::uuid', [
    instance,
    runId,
  ])
  return taken.length === 1 ? 'taken' : 'lost'
}

export const leaveNode = async (sql: Sql, { instance, runId }: NodeRun): Promise<void> => {
  await sql.query('delete from nodes where instance = $1 and run_id = $2::uuid', [instance, runId])
}

/** Gives up the others that were silent for so long; gives their names. */
export const giveUpSilent = async (
  sql: Sql,
  { besides, seconds }: { besides: string; seconds: number },
): Promise<readonly string[]> => {
  const lost = await sql.query<{ instance: string }>(
    `update nodes set lost_at = now()
     where instance <> $1 and lost_at is null and seen_at < now() - make_interval(secs => $2) returning instance`,
    [besides, seconds],
  )
  return lost.map(({ instance }) => instance)
}

/** Sessions without an end whose node was given up. */
export const findAbandoned = (sql: Sql): Promise<Found[]> =>
  sql.query<Found>(
    `select id, tenant_id from sessions
     where ended_at is null and instance in (select instance from nodes where lost_at is not null)`,
    [],
  )

/** Where a node is asked, unless it was given up. */
export const addressOf = async (sql: Sql, instance: string): Promise<string | undefined> => {
  const [node] = await sql.query<{ address: string }>(
    'select address from nodes where instance = $1 and lost_at is null',
    [instance],
  )
  return node?.address
}

/** Forgets those that were given up long ago and have nothing left to be ended. */
export const forgetLost = async (sql: Sql): Promise<void> => {
  await sql.query(
    `delete from nodes where lost_at < now() - interval '1 day'
       and not exists (select from sessions where sessions.instance = nodes.instance and ended_at is null)`,
    [],
  )
}
