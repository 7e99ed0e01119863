import type {
  DisapproveRequestRequest,
  DisapproveRequestResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { disapprove } from '../domain/request.ts'
import { notifyRequest } from '../grants/end-requests.ts'
import { audit } from '../store/audit.ts'
import { factsOf, findRequestRow } from '../store/requests.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { insertApproval } from '../store/votes.ts'
import { checkedId, checkedText, checkVersion } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

export const disapproveRequest =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: DisapproveRequestRequest, call: Call): Promise<DisapproveRequestResponse> => {
    const id = checkedId(request.id, 'access_request.not_found')
    const comment = checkedText(request.comment, 'comment')
    return store.ending(call.caller.tenantId, async tx => {
      const { row, person } = await findVisibleRequest(tx, call, id)
      const { state } = disapprove(factsOf(row), person)
      checkVersion(row, request.version)
      await insertApproval(tx, call, { requestId: id, approved: false, comment, now: clock.now() })
      await tx.request.update({ where: { id }, data: { state, version: { increment: 1 } } })
      await audit(tx, call, 'request.disapproved', {
        target: { kind: 'request', id, name: row.requesterName },
        requestId: id,
        details: { comment },
      })
      await notifyRequest(tx, id)
      return { request: await requestMessageOf(tx, await findRequestRow(tx, id)) }
    })
  }
