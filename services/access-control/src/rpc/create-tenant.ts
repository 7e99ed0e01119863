import {
  CreateTenantRequest,
  type CreateTenantResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import { newUserName } from '../domain/user-name.ts'
import { initialPassword } from '../login/initial-password.ts'
import { audit } from '../store/audit.ts'
import { insertTenant } from '../store/new-tenant.ts'
import { asTenant, checkedTenantName, checkOperator } from '../store/tenants.ts'
import { checkedText } from './checks.ts'
import { takenAs } from './taken.ts'
import { tenantMessage } from './tenant-message.ts'
import { userMessage } from './user-message.ts'

export const createTenant =
  ({ store, hasher, clock }: Pick<Deps, 'store' | 'hasher' | 'clock'>) =>
  async (request: CreateTenantRequest, call: Call): Promise<CreateTenantResponse> => {
    const now = clock.now()
    const tenant = {
      id: uuidV7(now),
      name: checkedTenantName(request.name),
      description: checkedText(request.description, 'description'),
      operator: false,
    }
    const userName = newUserName(request.administratorUserName || 'admin')
    using password = initialPassword()
    const passwordHash = await hasher.hash(password.bytes())
    const create = (): Promise<CreateTenantResponse> =>
      store.inTenant(call.caller.tenantId, async tx => {
        await checkOperator(tx, call.caller.tenantId)
        return once(
          sqlOf(tx),
          call,
          { request, requestType: CreateTenantRequest, responseType: undefined },
          async () => {
            const made = await asTenant(tx, tenant.id, () =>
              insertTenant(tx, tenant, { userName, passwordHash }, now),
            )
            await audit(tx, call, 'tenant.created', {
              target: { kind: 'tenant', id: tenant.id, name: tenant.name },
              details: { name: tenant.name },
            })
            return {
              tenant: tenantMessage(made.tenant),
              administrator: userMessage(made.administrator),
              initialPassword: Buffer.from(password.bytes()),
            }
          },
        )
      })
    return await takenAs('tenant.name_taken', create)
  }
