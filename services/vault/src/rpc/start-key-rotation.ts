import { StartKeyRotationRequest, StartKeyRotationResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import { beginKeyRotation } from '../sealing/begin-key-rotation.ts'
import type { TenantKeys } from '../sealing/tenant-keys.ts'
import type { Database } from '../store/database.ts'
import { countTenantKeys } from '../store/key-counts.ts'
import type { KeyScope } from '../store/key-rotations.ts'
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
      once(sqlOf(tx), call, { request, ...types }, async () => {
        const startedBy = call.caller.userId
        const rotation = await beginKeyRotation(sqlOf(tx), deps, call, {
          tenantId,
          scope,
          startedBy,
          ...from,
        })
        if (rotation === undefined) throw new SallyportError('key_rotation.running')
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
