import type { Sql } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { type Latest, pulls, type Scheduling, scheduling, type Trigger } from '../domain/operation/trigger.ts'
import { builtInTemplate } from '../domain/template/built-in.ts'

/** Something that may ask for a change of a secret. */
export type Order = {
  tenantId: string
  credentialId: string
  trigger: Trigger
  causeId: string
  happenedAt: Date
  /** Who asked, if a person did. */
  userId?: string | undefined
}

export type Scheduled = { scheduling: Scheduling; operationId: string; deviceId: string }

type Policy = {
  device_id: string
  template_id: string
  privileged_credential_id: string | null
  after_reveal: boolean
  after_session: boolean
  after_window: boolean
  max_attempts: number
  template_version: number | null
}

/** What happens together (a session, its grant and its window end) gives one change. */
const settleSeconds = 1

/**
 * Orders a change if the credential's policy wants one now, and none that is under way makes it needless. Undefined:
 * there is no policy, or it does not want it.
 */
export const scheduleRotation = async (sql: Sql, order: Order): Promise<Scheduled | undefined> => {
  await sql.query(`select from (select pg_advisory_xact_lock(hashtextextended($1, 2))) as lock`, [
    `rotation ${order.credentialId}`,
  ])
  const policy = await findPolicy(sql, order.credentialId)
  if (policy === undefined || !pulls(rulesOf(policy), order.trigger)) return undefined
  const latest = await findLatest(sql, order.credentialId)
  const plan = scheduling(latest, order.happenedAt, order.userId !== undefined)
  const operationId = await carryOut(sql, plan, order, policy, latest?.id)
  return { scheduling: plan, operationId, deviceId: policy.device_id }
}

const findPolicy = async (sql: Sql, credentialId: string): Promise<Policy | undefined> => {
  const [policy] = await sql.query<Policy>(
    `select policy.*, template.template_version
     from rotation_policies as policy left join templates as template on template.id = policy.template_id
     where policy.credential_id = $1::uuid`,
    [credentialId],
  )
  return policy
}

const rulesOf = (policy: Policy) => ({
  afterReveal: policy.after_reveal,
  afterSession: policy.after_session,
  afterWindow: policy.after_window,
})

/** The open operation, or else the last one that succeeded. */
const findLatest = async (sql: Sql, credentialId: string): Promise<(Latest & { id: string }) | undefined> => {
  const [row] = await sql.query<{ id: string; state: Latest['state']; attempted_at: Date | null }>(
    `select id, state, attempted_at from operations
     where credential_id = $1::uuid and state in ('scheduled', 'running', 'unknown', 'succeeded')
     order by (state = 'succeeded'), id desc limit 1
     for update`,
    [credentialId],
  )
  return row && { id: row.id, state: row.state, attemptedAt: row.attempted_at ?? undefined }
}

const carryOut = async (
  sql: Sql,
  plan: Scheduling,
  order: Order,
  policy: Policy,
  latestId = '',
): Promise<string> => {
  switch (plan) {
    case 'schedule':
      return insertOperation(sql, order, policy)
    case 'covered':
      return latestId
    case 'keep':
      if (order.userId !== undefined) await hurry(sql, latestId)
      return latestId
    case 'restart':
      await restart(sql, latestId, policy.max_attempts)
      return latestId
    case 'again':
      await sql.query(
        `update operations set again_trigger = $2::text, again_cause_id = $3::text, again_user_id = $4::uuid
         where id = $1::uuid`,
        [latestId, order.trigger, order.causeId, order.userId ?? null],
      )
      return latestId
  }
}

const insertOperation = async (sql: Sql, order: Order, policy: Policy): Promise<string> => {
  const id = uuidV7()
  await sql.query(
    `insert into operations (id, tenant_id, type, state, trigger, cause_id, credential_id, device_id, template_id,
       template_version, privileged_credential_id, requested_by_user_id, max_attempts, rotation_id, due_at)
     values ($1::uuid, $2::uuid, 'change-password', 'scheduled', $3::text, $4::text, $5::uuid, $6::uuid, $7::uuid,
       $8::int, $9::uuid, $10::uuid, $11::int, $1::uuid, now() + make_interval(secs => $12::int))`,
    [
      id,
      order.tenantId,
      order.trigger,
      order.causeId,
      order.credentialId,
      policy.device_id,
      policy.template_id,
      policy.template_version ?? builtInTemplate(policy.template_id)?.version ?? 0,
      policy.privileged_credential_id,
      order.userId ?? null,
      policy.max_attempts,
      order.userId === undefined ? settleSeconds : 0,
    ],
  )
  return id
}

const hurry = (sql: Sql, id: string) =>
  sql.query(
    'update operations set due_at = least(due_at, now()), version = version + 1 where id = $1::uuid',
    [id],
  )

/** Schedules an operation once more, with as many attempts again. */
export const restart = async (sql: Sql, id: string, attempts: number): Promise<void> => {
  await sql.query(
    `update operations set state = 'scheduled', due_at = now(), ended_at = null, version = version + 1,
       max_attempts = attempts + $2::int
     where id = $1::uuid`,
    [id, attempts],
  )
}
