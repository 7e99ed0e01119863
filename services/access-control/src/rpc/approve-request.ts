import type {
  ApproveRequestRequest,
  ApproveRequestResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { approve } from '../domain/request.ts'
import type { Window } from '../domain/window.ts'
import { notifyRequest } from '../grants/end-requests.ts'
import { audit } from '../store/audit.ts'
import { factsOf, findRequestRow, type RequestRow } from '../store/requests.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { insertApproval } from '../store/votes.ts'
import { checkedId, checkedText, checkVersion } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

/** Adds the caller's approval, optionally for another window. */
export const approveRequest =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: ApproveRequestRequest, call: Call): Promise<ApproveRequestResponse> => {
    const id = checkedId(request.id, 'access_request.not_found')
    const comment = checkedText(request.comment, 'comment')
    const now = clock.now()
    // Alone in the tenant: two approvers at once are two approvals, each on what the other has left.
    return store.ending(call.caller.tenantId, async tx => {
      const { row, person } = await findVisibleRequest(tx, call, id)
      const approved = approve(factsOf(row), person, windowOf(request, row), now)
      checkVersion(row, request.version)
      await insertApproval(tx, call, { requestId: id, approved: true, comment, now })
      const { start, end } = approved.window
      await tx.request.update({
        where: { id },
        data: { state: approved.state, start, end, version: { increment: 1 } },
      })
      await audit(tx, call, 'request.approved', {
        target: { kind: 'request', id, name: row.requesterName },
        requestId: id,
        details: {
          comment,
          approvals: approved.votes.filter(vote => vote.approved).length,
          approvals_needed: row.approvalsNeeded,
          complete: approved.state === 'approved',
        },
      })
      await notifyRequest(tx, id)
      return { request: await requestMessageOf(tx, await findRequestRow(tx, id)) }
    })
  }

const windowOf = ({ start, end }: ApproveRequestRequest, row: RequestRow): Window | undefined =>
  start === undefined && end === undefined ? undefined : { start: start ?? row.start, end: end ?? row.end }
