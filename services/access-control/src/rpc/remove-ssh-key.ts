import type {
  RemoveSshKeyRequest,
  RemoveSshKeyResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { audit } from '../store/audit.ts'
import { checkedId, checkPerson } from './checks.ts'

export const removeSshKey =
  ({ store }: Pick<Deps, 'store'>) =>
  async (request: RemoveSshKeyRequest, call: Call): Promise<RemoveSshKeyResponse> => {
    checkPerson(call)
    const id = checkedId(request.id, 'ssh_key.not_found')
    const { tenantId, userId } = call.caller
    return store.inTenant(tenantId, async tx => {
      const key = await tx.sshKey.findFirst({ where: { id, userId } })
      if (key === null) throw new SallyportError('ssh_key.not_found')
      await tx.sshKey.delete({ where: { id } })
      await audit(tx, call, 'user.public_key_removed', {
        target: { kind: 'ssh-key', id, name: key.name },
        details: { fingerprint: key.fingerprint, name: key.name },
      })
      return {}
    })
  }
