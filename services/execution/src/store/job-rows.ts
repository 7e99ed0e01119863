import type { Sql } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { leaseSeconds, type Lease } from '../domain/operation/lease.ts'
import type { Trigger } from '../domain/operation/trigger.ts'
import { AttemptFailure } from '../domain/rotation/failure.ts'
import { type JournalStep, journalSteps } from '../domain/rotation/journal.ts'
import type { Job } from './job.ts'

type OperationRow = {
  attempts: number
  max_attempts: number
  rotation_id: string
  credential_id: string
  device_id: string
  privileged_credential_id: string | null
  template_id: string
  template_version: number
  trigger: Trigger
  cause_id: string
  sent: boolean
}

/** The condition under which a worker may still write: nobody has claimed the operation since. */
const held = `id = $1::uuid and fencing_token = $2::bigint and state = 'running'`

const lost: () => never = () => {
  throw new AttemptFailure('lease_lost')
}

export const renewLease = async (sql: Sql, { operationId, fencingToken }: Lease): Promise<void> => {
  const rows = await sql.query(
    `update operations set lease_until = now() + make_interval(secs => $3::int) where ${held} returning id`,
    [operationId, fencingToken.toString(), leaseSeconds],
  )
  if (rows.length === 0) lost()
}

/** Makes the row of a new attempt, and closes those of workers that are gone. */
export const startAttempt = async (sql: Sql, lease: Lease): Promise<Job> => {
  const { operationId, tenantId, fencingToken } = lease
  const [row] = await sql.query<OperationRow>(
    `update operations set attempted_at = clock_timestamp() where ${held} returning *`,
    [operationId, fencingToken.toString()],
  )
  if (row === undefined) return lost()
  await sql.query(
    `update attempts set ended_at = now(), error_code = 'interrupted', message = 'The worker stopped in the middle'
     where operation_id = $1::uuid and ended_at is null`,
    [operationId],
  )
  const reached = await furthestStep(sql, operationId, row.rotation_id)
  const attemptId = uuidV7()
  await sql.query(
    `insert into attempts (id, tenant_id, operation_id, number, fencing_token, rotation_id, step)
     values ($1::uuid, $2::uuid, $3::uuid, $4::int, $5::bigint, $6::uuid, 'begun')`,
    [attemptId, tenantId, operationId, row.attempts, fencingToken.toString(), row.rotation_id],
  )
  return jobOf(row, lease, attemptId, reached)
}

const furthestStep = async (sql: Sql, operationId: string, rotationId: string): Promise<JournalStep> => {
  const rows = await sql.query<{ step: string }>(
    'select step from attempts where operation_id = $1::uuid and rotation_id = $2::uuid',
    [operationId, rotationId],
  )
  const indexes = rows.map(({ step }) => journalSteps.findIndex(name => name === step))
  return journalSteps[Math.max(0, ...indexes)] ?? 'begun'
}

const jobOf = (row: OperationRow, lease: Lease, attemptId: string, reached: JournalStep): Job => ({
  lease,
  attemptId,
  reached,
  number: row.attempts,
  maxAttempts: row.max_attempts,
  rotationId: row.rotation_id,
  credentialId: row.credential_id,
  deviceId: row.device_id,
  privilegedCredentialId: row.privileged_credential_id ?? undefined,
  templateId: row.template_id,
  templateVersion: row.template_version,
  trigger: row.trigger,
  causeId: row.cause_id,
  sent: row.sent,
})

export const noteStep = async (
  sql: Sql,
  job: Job,
  step: JournalStep,
  log: readonly string[],
  sent: boolean,
): Promise<void> => {
  const { operationId, fencingToken } = job.lease
  const rows = await sql.query(
    `update operations set sent = sent or $3::boolean where ${held} returning id`,
    [operationId, fencingToken.toString(), sent],
  )
  if (rows.length === 0) lost()
  await sql.query('update attempts set step = $2::text, log = $3::text[] where id = $1::uuid', [
    job.attemptId,
    step,
    [...log],
  ])
}

type Closing = {
  state: 'scheduled' | 'succeeded' | 'failed' | 'unknown'
  message: string
  errorCode: string
  step: JournalStep
  log: readonly string[]
  delaySeconds: number
  /** Whether it uses up one of the operation's attempts. */
  counts: boolean
  /** Undefined: the outcome is not looked into again by itself. */
  resolveSeconds: number | undefined
  /** The next attempt, if ever, is another rotation for vault. */
  newRotation: boolean
}

export type Again = { trigger: Trigger; causeId: string; userId: string | undefined }

/** Ends the attempt and gives the lease back. Returns what asked for another change meanwhile. */
export const closeAttempt = async (sql: Sql, job: Job, closing: Closing): Promise<Again | undefined> => {
  const { operationId, fencingToken } = job.lease
  const [row] = await sql.query<{ trigger: Trigger | null; cause: string | null; user_id: string | null }>(
    `with before as (select * from operations where ${held} for update)
     update operations as operation
     set state = $3::text, message = $4::text, version = operation.version + 1,
         lease_owner = null, lease_until = null, again_trigger = null, again_cause_id = null, again_user_id = null,
         due_at = case when $3::text = 'scheduled' then now() + make_interval(secs => $5::float8) else operation.due_at end,
         ended_at = case when $3::text = 'scheduled' then null else now() end,
         rotation_id = case when $6::boolean then gen_random_uuid() else operation.rotation_id end,
         sent = operation.sent and not $6::boolean,
         max_attempts = operation.max_attempts + case when $7::boolean then 0 else 1 end,
         resolve_at = now() + make_interval(secs => $8::float8)
     from before where operation.id = before.id
     returning before.again_trigger as trigger, before.again_cause_id as cause, before.again_user_id as user_id`,
    [
      operationId,
      fencingToken.toString(),
      closing.state,
      closing.message,
      closing.delaySeconds,
      closing.newRotation,
      closing.counts,
      closing.resolveSeconds ?? null,
    ],
  )
  if (row === undefined) return lost()
  await sql.query(
    `update attempts set ended_at = now(), succeeded = $2::boolean, error_code = $3::text, message = $4::text,
       step = $5::text, log = $6::text[] where id = $1::uuid`,
    [
      job.attemptId,
      closing.state === 'succeeded',
      closing.errorCode,
      closing.message,
      closing.step,
      [...closing.log],
    ],
  )
  if (row.trigger === null) return undefined
  return { trigger: row.trigger, causeId: row.cause ?? '', userId: row.user_id ?? undefined }
}
