import { AddSshKeyRequest, AddSshKeyResponse } from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { parseSshPublicKey } from '../domain/ssh-public-key.ts'
import { fingerprintOf } from '../login/first-factor.ts'
import { audit } from '../store/audit.ts'
import { checkedName, checkPerson } from './checks.ts'
import { sshKeyMessage } from './ssh-key-message.ts'

const maxKeys = 20

export const addSshKey =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: AddSshKeyRequest, call: Call): Promise<AddSshKeyResponse> => {
    checkPerson(call)
    const { tenantId, userId } = call.caller
    const name = checkedName(request.name)
    const publicKey = Uint8Array.from(parseSshPublicKey(request.publicKey))
    const fingerprint = fingerprintOf(publicKey)
    return store.ending(tenantId, tx =>
      once(
        sqlOf(tx),
        call,
        { request, requestType: AddSshKeyRequest, responseType: AddSshKeyResponse },
        async () => {
          const keys = await tx.sshKey.findMany({ where: { userId } })
          if (keys.some(key => key.fingerprint === fingerprint)) throw new SallyportError('ssh_key.duplicate')
          if (keys.length >= maxKeys)
            throw new SallyportError('request.invalid', `at most ${maxKeys} SSH keys`)
          const row = await tx.sshKey.create({
            data: {
              id: uuidV7(clock.now()),
              tenantId,
              userId,
              name,
              publicKey,
              fingerprint,
              createdAt: clock.now(),
            },
          })
          await audit(tx, call, 'user.public_key_added', {
            target: { kind: 'ssh-key', id: row.id, name },
            details: { fingerprint, name },
          })
          return { sshKey: sshKeyMessage(row) }
        },
      ),
    )
  }
