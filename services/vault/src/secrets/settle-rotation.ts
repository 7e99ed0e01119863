import { type AuditEntry, recordAudit } from '@sallyport/audit-events/record'
import { onBehalfOf } from '@sallyport/audit-events/source'
import type { Sql } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { planEnd, type Rotation } from '../domain/rotation.ts'
import type { Database } from '../store/database.ts'
import { endRotation, lockRotation, raiseFence } from '../store/rotations.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'>; now: () => Date }

type End = { tenantId: string; operationId: string; fencingToken: bigint }

const codes = { promoted: 'secret.promoted', abandoned: 'secret.discarded' } as const

/** Ends an operation's rotation: `apply` does to its candidate what the end means, once, whoever repeats it. */
export const settleRotation = (
  { database, now }: Deps,
  request: End,
  call: Call,
  end: 'promoted' | 'abandoned',
  apply: (sql: Sql, at: { tenantId: string; now: Date }, rotation: Rotation) => Promise<void>,
): Promise<Rotation> => {
  const tenantId = parseId('tenant_id', request.tenantId)
  const operationId = parseId('operation_id', request.operationId)
  return database.sqlInTenant(tenantId, async sql => {
    const rotation = await lockRotation(sql, tenantId, operationId)
    const plan = planEnd(rotation, request.fencingToken, end)
    if (rotation === undefined) throw new Error('planEnd lets no missing rotation pass')
    await raiseFence(sql, tenantId, operationId, request.fencingToken)
    if (plan === 'apply') {
      const at = now()
      await apply(sql, { tenantId, now: at }, rotation)
      await endRotation(sql, tenantId, operationId, end, at)
    }
    await recordAudit(sql, onBehalfOf(call, tenantId), codes[end], entryOf(rotation))
    return rotation
  })
}

const entryOf = ({
  credentialId,
  candidateNumber,
  operationId,
}: Rotation): AuditEntry<'secret.promoted' | 'secret.discarded'> => ({
  target: { kind: 'credential', id: credentialId },
  details: { version: candidateNumber, operation_id: operationId },
})
