import type {
  CancelRequestRequest,
  CancelRequestResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { cancel } from '../domain/request.ts'
import { endRequest } from '../grants/end-requests.ts'
import { factsOf, findRequestRow } from '../store/requests.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { checkedId, checkVersion } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

/** Withdraws one's own request, and ends what it gave. */
export const cancelRequest =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CancelRequestRequest, call: Call): Promise<CancelRequestResponse> => {
    const id = checkedId(request.id, 'access_request.not_found')
    return store.ending(call.caller.tenantId, async tx => {
      const { row, person } = await findVisibleRequest(tx, call, id)
      cancel(factsOf(row), person)
      checkVersion(row, request.version)
      await endRequest(
        { tx, by: call, reason: 'You canceled the request', now: clock.now() },
        row,
        'canceled',
      )
      return { request: await requestMessageOf(tx, await findRequestRow(tx, id)) }
    })
  }
