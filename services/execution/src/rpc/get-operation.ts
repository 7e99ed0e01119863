import type { GetOperationRequest, GetOperationResponse } from '@sallyport/contracts/execution/v1/execution'
import type { Call } from '@sallyport/rpc/call'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { findOperation, operationMessage } from './operation-message.ts'

type Deps = { store: Store }

export const getOperation =
  ({ store }: Deps) =>
  async (request: GetOperationRequest, call: Call): Promise<GetOperationResponse> => {
    const id = existingId(request.id, 'operation.not_found')
    const row = await store.inTenant(call.caller.tenantId, tx => findOperation(tx, id))
    return { operation: operationMessage(row) }
  }
