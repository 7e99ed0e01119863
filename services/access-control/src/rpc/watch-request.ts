import {
  RequestState,
  type WatchRequestRequest,
  type WatchRequestResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { channels } from '../grants/notify.ts'
import { createBell } from '../grants/wake.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { checkedId } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

/** A notification can be lost with its connection; the table cannot. */
const lookMs = 2_000

/** Sends the request now and after each change, until it is decided or has ended. */
export const watchRequest = ({
  store,
  notifications,
  stopping,
}: Pick<Deps, 'store' | 'notifications' | 'stopping'>) =>
  async function* (request: WatchRequestRequest, call: Call): AsyncGenerator<WatchRequestResponse> {
    const id = checkedId(request.id, 'access_request.not_found')
    // Listening starts before the first look, so that nothing falls between.
    const signal = AbortSignal.any([call.signal, stopping])
    using bell = createBell(notifications, channels.requests, id)
    for (let sent = 0; !signal.aborted; await bell.wait(lookMs, signal)) {
      const message = await store.inTenant(call.caller.tenantId, async tx => {
        const { row } = await findVisibleRequest(tx, call, id)
        return requestMessageOf(tx, row)
      })
      if (message === undefined || message.version === sent) continue
      sent = message.version
      yield { request: message }
      if (message.state !== RequestState.PENDING) return
    }
  }
