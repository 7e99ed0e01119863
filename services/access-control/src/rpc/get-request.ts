import type { GetRequestRequest, GetRequestResponse } from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { findVisibleRequest } from '../store/visible-request.ts'
import { checkedId } from './checks.ts'
import { requestMessageOf } from './request-message.ts'

export const getRequest =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: GetRequestRequest, call: Call): Promise<GetRequestResponse> =>
    store.inTenant(call.caller.tenantId, async tx => {
      const { row } = await findVisibleRequest(tx, call, checkedId(request.id, 'access_request.not_found'))
      return { request: await requestMessageOf(tx, row) }
    })
