import type {
  RotateSigningKeysRequest,
  RotateSigningKeysResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { makeSigningKey, replaceSigningKey } from '../keys/signing-keys.ts'
import { audit } from '../store/audit.ts'
import { checkOperator } from '../store/tenants.ts'

export const rotateSigningKeys =
  ({ store, root, clock }: Pick<Deps, 'store' | 'root' | 'clock'>) =>
  async (_request: RotateSigningKeysRequest, call: Call): Promise<RotateSigningKeysResponse> => {
    const made = [await makeSigningKey(root, 'caller-token'), await makeSigningKey(root, 'grant')] as const
    return store.ending(call.caller.tenantId, async tx => {
      await checkOperator(tx, call.caller.tenantId)
      for (const key of made) {
        await replaceSigningKey(tx, key, clock.now())
        await audit(tx, call, 'signing_key.rotated', {
          target: { kind: 'signing-key', id: key.id },
          details: { purpose: key.purpose, key_id: key.id },
        })
      }
      const [callerToken, grant] = made
      return { callerTokenKeyId: callerToken.id, grantKeyId: grant.id }
    })
  }
