import type {
  ExplainAccessRequest,
  ExplainAccessResponse,
} from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { openRequestsOf } from '../store/requests.ts'
import { findUser } from '../store/users.ts'
import { checkedId } from './checks.ts'
import { decisionMessage } from './decision-message.ts'
import { readAction } from './wire-enums.ts'

/** Answers why a user is allowed, asked or refused. */
export const explainAccess =
  ({ store, policies, targets, clock }: Pick<Deps, 'store' | 'policies' | 'targets' | 'clock'>) =>
  async (request: ExplainAccessRequest, { caller }: Call): Promise<ExplainAccessResponse> => {
    const action = readAction(request.action)
    const credentialId = checkedId(request.credentialId, 'target.not_found')
    const target = await targets.get(
      caller.tenantId,
      credentialId,
      checkedId(request.deviceId, 'target.not_found'),
    )
    if (target === undefined) throw new SallyportError('target.not_found')
    return store.inTenant(caller.tenantId, async tx => {
      const user = await findUser(tx, checkedId(request.userId, 'user.not_found'))
      const decision = (await policies.of(tx, user))(target, action)
      const open = await openRequestsOf(tx, user.id, clock.now())
      return { decision: decisionMessage(decision, open(target, action, decision)) }
    })
  }
