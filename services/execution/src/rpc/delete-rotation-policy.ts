import { recordAudit } from '@sallyport/audit-events/record'
import {
  DeleteRotationPolicyRequest,
  DeleteRotationPolicyResponse,
} from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Store } from '../store/store.ts'
import { checkVersion, existingId } from './checks.ts'
import { findPolicy } from './rotation-policy-message.ts'
import { write } from './write.ts'

type Deps = { store: Store }

export const deleteRotationPolicy =
  ({ store }: Deps) =>
  (request: DeleteRotationPolicyRequest, call: Call): Promise<DeleteRotationPolicyResponse> => {
    const credentialId = existingId(request.credentialId, 'rotation_policy.not_found')
    return write(
      store,
      call,
      [request, DeleteRotationPolicyRequest],
      DeleteRotationPolicyResponse,
      async tx => {
        const { tenantId } = call.caller
        const { version } = await findPolicy(tx, tenantId, credentialId)
        checkVersion(request.version, version)
        const { count } = await tx.rotationPolicy.deleteMany({ where: { tenantId, credentialId, version } })
        if (count !== 1) throw new SallyportError('version.conflict')
        await recordAudit(sqlOf(tx), call, 'rotation_policy.deleted', {
          target: { kind: 'credential', id: credentialId },
          details: { credential_id: credentialId },
        })
        return {}
      },
    )
  }
