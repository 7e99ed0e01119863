import {
  CreateAccessGroupRequest,
  CreateAccessGroupResponse,
} from '@sallyport/contracts/access_control/v1/access'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { audit } from '../store/audit.ts'
import { checkMembersExist } from '../store/groups.ts'
import { readDefinition } from './access-group-definition.ts'
import { accessGroupMessage } from './access-group-message.ts'
import { refuseSelfGrant } from './self-grant.ts'
import { takenAs } from './taken.ts'

/** Makes a group. One more group can only restrict who is in another already: what that ends, ends now. */
export const createAccessGroup =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: CreateAccessGroupRequest, call: Call): Promise<CreateAccessGroupResponse> => {
    const { tenantId } = call.caller
    const definition = readDefinition(request.definition)
    const now = clock.now()
    return takenAs('access_group.name_taken', () =>
      store.ending(tenantId, tx =>
        once(
          sqlOf(tx),
          call,
          { request, requestType: CreateAccessGroupRequest, responseType: CreateAccessGroupResponse },
          async () => {
            await checkMembersExist(tx, definition)
            await refuseSelfGrant(tx, call, definition)
            const row = await tx.accessGroup.create({
              data: { ...definition, id: uuidV7(now), tenantId, version: 1, createdAt: now, updatedAt: now },
            })
            await redecideGrants({ tx, by: call, reason: 'The access rules were changed', now })
            await audit(tx, call, 'access_group.created', {
              target: { kind: 'access-group', id: row.id, name: row.name },
              details: { name: row.name, version: row.version },
            })
            return { accessGroup: accessGroupMessage(row) }
          },
        ),
      ),
    )
  }
