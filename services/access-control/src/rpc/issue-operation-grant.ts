import { onBehalfOf } from '@sallyport/audit-events/source'
import type {
  IssueOperationGrantRequest,
  IssueOperationGrantResponse,
} from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { addSeconds } from '../domain/window.ts'
import { insertGrant, stateGrant } from '../grants/issue.ts'
import { audit } from '../store/audit.ts'
import { findTenant } from '../store/tenants.ts'
import { checkedId } from './checks.ts'

/** An attempt that takes longer than this has failed. */
const operationSeconds = 15 * 60

/** Signs a grant for one attempt of an operation. That an operation may change a secret is its template's matter. */
export const issueOperationGrant =
  (deps: Pick<Deps, 'store' | 'targets' | 'keys' | 'clock'>) =>
  async (request: IssueOperationGrantRequest, call: Call): Promise<IssueOperationGrantResponse> => {
    const tenantId = checkedId(request.tenantId, 'tenant.not_found')
    const operationId = checkedId(request.operationId, 'request.invalid')
    const credentialId = checkedId(request.credentialId, 'target.not_found')
    const target = await deps.targets.get(
      tenantId,
      credentialId,
      checkedId(request.deviceId, 'target.not_found'),
    )
    if (target === undefined) throw new SallyportError('target.not_found')
    const now = deps.clock.now()
    const grant = await deps.store.granting(tenantId, async tx => {
      // A disabled tenant's secrets stay as they are.
      if ((await findTenant(tx, tenantId)).disabled) throw new SallyportError('operation.not_granted')
      const row = await insertGrant(
        tx,
        {
          tenantId,
          userId: operationId,
          userName: `operation ${operationId}`,
          target,
          action: 'rotate',
          endsAt: addSeconds(now, operationSeconds),
          operationId,
        },
        now,
      )
      await audit(
        tx,
        onBehalfOf(call, tenantId, { kind: 'service', id: call.service, name: call.service }),
        'grant.issued',
        {
          target: { kind: 'credential', id: target.credentialId, name: target.username },
          grantId: row.id,
          details: {
            action: 'rotate',
            device_id: target.deviceId,
            credential_id: target.credentialId,
            not_before: row.issuedAt,
            ends_at: row.endsAt,
          },
        },
      )
      return row
    })
    return { statement: await stateGrant(deps, grant, ''), grantId: grant.id }
  }
