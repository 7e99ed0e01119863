import type {
  ListSshKeysRequest,
  ListSshKeysResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { sshKeyMessage } from './ssh-key-message.ts'

export const listSshKeys =
  ({ store }: Pick<Deps, 'store'>) =>
  async (_request: ListSshKeysRequest, { caller }: Call): Promise<ListSshKeysResponse> => {
    const rows = await store.inTenant(caller.tenantId, tx =>
      tx.sshKey.findMany({ where: { userId: caller.userId }, orderBy: { id: 'asc' } }),
    )
    return { sshKeys: rows.map(sshKeyMessage) }
  }
