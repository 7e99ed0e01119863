import type {
  GetRotationPolicyRequest,
  GetRotationPolicyResponse,
} from '@sallyport/contracts/execution/v1/execution'
import type { Call } from '@sallyport/rpc/call'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { findPolicy, rotationPolicyMessage } from './rotation-policy-message.ts'

type Deps = { store: Store }

export const getRotationPolicy =
  ({ store }: Deps) =>
  async (request: GetRotationPolicyRequest, call: Call): Promise<GetRotationPolicyResponse> => {
    const id = existingId(request.credentialId, 'rotation_policy.not_found')
    const { tenantId } = call.caller
    const row = await store.inTenant(tenantId, tx => findPolicy(tx, tenantId, id))
    return { rotationPolicy: rotationPolicyMessage(row) }
  }
