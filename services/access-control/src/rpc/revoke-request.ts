import type {
  RevokeRequestRequest,
  RevokeRequestResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { revoke } from '../domain/request.ts'
import { endRequest } from '../grants/end-requests.ts'
import { factsOf, findRequestRow } from '../store/requests.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { checkedId, checkedText, checkVersion } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

/** Takes back an approved request. Any one approver may, and who holds request.revoke. */
export const revokeRequest =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: RevokeRequestRequest, call: Call): Promise<RevokeRequestResponse> => {
    const id = checkedId(request.id, 'access_request.not_found')
    const comment = checkedText(request.comment, 'comment', 500)
    return store.ending(call.caller.tenantId, async tx => {
      const { row, person } = await findVisibleRequest(tx, call, id)
      revoke(factsOf(row), person)
      checkVersion(row, request.version)
      const reason = comment === '' ? 'Your request was revoked' : `Your request was revoked: ${comment}`
      await endRequest({ tx, by: call, reason, now: clock.now() }, row, 'revoked')
      return { request: await requestMessageOf(tx, await findRequestRow(tx, id)) }
    })
  }
