import { recordAudit } from '@sallyport/audit-events/record'
import { StartKeyRotationRequest, StartKeyRotationResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { type Sql, sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import type { Database } from '../store/database.ts'
import { countTenantKeys, countVersions } from '../store/key-counts.ts'
import { insertKeyRotation, type KeyRotationRow, type KeyScope, noteNewKey } from '../store/key-rotations.ts'
import { once } from './once.ts'
import { fromKeyScope, toKeyRotation } from './wire-secrets.ts'

type Deps = {
  database: Pick<Database, 'inTenant' | 'asWorker'>
  tenantKeys: Pick<TenantKeys, 'ringOf' | 'addPrimary'>
  rootKeys: Pick<RootKeyProvider, 'primaryKeyId'>
  newId: () => string
  now: () => Date
}

const types = { requestType: StartKeyRotationRequest, responseType: StartKeyRotationResponse }

export const startKeyRotation =
  (deps: Deps) =>
  async (request: StartKeyRotationRequest, call: Call): Promise<StartKeyRotationResponse> => {
    const { tenantId, permissions } = call.caller
    const scope = fromKeyScope(request.scope)
    // The root key is everybody's: only the operator's tenant may have this permission.
    if (scope === 'root' && !permissions.has('tenant.manage')) throw new SallyportError('caller.not_allowed')
    const from = await currentKey(deps, scope, tenantId)
    return deps.database.inTenant(tenantId, tx =>
      once(call, tx, { request, ...types }, async () => {
        const rotation = await start(sqlOf(tx), deps, call, { scope, ...from })
        return { keyRotation: toKeyRotation(rotation) }
      }),
    )
  }

type From = { fromKeyId: string; total: bigint | undefined }

const currentKey = async (deps: Deps, scope: KeyScope, tenantId: string): Promise<From> => {
  if (scope === 'tenant') {
    const { primary } = await deps.tenantKeys.ringOf(tenantId)
    return { fromKeyId: primary.id, total: undefined }
  }
  const fromKeyId = await deps.rootKeys.primaryKeyId()
  return { fromKeyId, total: await deps.database.asWorker(sql => countTenantKeys(sql)) }
}

const start = async (
  sql: Sql,
  { tenantKeys, newId, now }: Deps,
  call: Call,
  { scope, fromKeyId, total }: From & { scope: KeyScope },
): Promise<KeyRotationRow> => {
  const { tenantId, userId: startedBy } = call.caller
  const started = await insertKeyRotation(sql, {
    id: newId(),
    tenantId,
    scope,
    fromKeyId,
    total: total ?? (await countVersions(sql, tenantId)),
    startedBy,
    now: now(),
  })
  if (started === undefined) throw new SallyportError('key_rotation.running')
  // A root key is made in the background: that may be slow, and is no part of this transaction.
  const toKeyId = scope === 'tenant' ? await tenantKeys.addPrimary(sql, tenantId) : undefined
  if (toKeyId !== undefined) await noteNewKey(sql, started, toKeyId)
  await recordAudit(sql, call, 'key.rotation_started', {
    target: { kind: 'key', id: fromKeyId },
    details: { scope, rotation_id: started.id, key_id: toKeyId, previous_key_id: fromKeyId },
  })
  return started
}
