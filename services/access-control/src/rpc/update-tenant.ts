import type {
  UpdateTenantRequest,
  UpdateTenantResponse,
} from '@sallyport/contracts/access_control/v1/directory'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { type Ending, revokeGrants } from '../grants/end-grants.ts'
import { revokeLoginSessions } from '../grants/end-logins.ts'
import { audit, systemSource } from '../store/audit.ts'
import { asTenant, checkedTenantName, checkOperator, findTenant } from '../store/tenants.ts'
import { checkChanged, checkedId, checkedText, checkVersion } from './checks.ts'
import { takenAs } from './taken.ts'
import { tenantMessage } from './tenant-message.ts'

/** Renames, disables or enables a tenant. Disabling ends everything its users have open. */
export const updateTenant =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>) =>
  async (request: UpdateTenantRequest, call: Call): Promise<UpdateTenantResponse> => {
    const id = checkedId(request.id, 'tenant.not_found')
    const data = changesOf(request)
    const update = (): Promise<UpdateTenantResponse> =>
      // The lock is the changed tenant's: it is there that things end.
      store.ending(id, async tx => {
        const tenant = await asTenant(tx, call.caller.tenantId, async () => {
          await checkOperator(tx, call.caller.tenantId)
          return findTenant(tx, id)
        })
        checkVersion(tenant, request.version)
        if (tenant.operator && data.disabled === true) throw new SallyportError('tenant.is_operator')
        checkChanged(
          await tx.tenant.updateMany({
            where: { id, version: request.version },
            data: { ...data, version: { increment: 1 } },
          }),
        )
        if (data.disabled === true) {
          await endTenant({ tx, by: systemSource(id), reason: 'The tenant was disabled', now: clock.now() })
        }
        await audit(tx, call, 'tenant.updated', {
          target: { kind: 'tenant', id, name: tenant.name },
          details: { fields: Object.keys(data) },
        })
        return { tenant: tenantMessage(await findTenant(tx, id)) }
      })
    return takenAs('tenant.name_taken', update)
  }

const changesOf = ({ name, description, disabled }: UpdateTenantRequest) => ({
  ...(name !== undefined && { name: checkedTenantName(name) }),
  ...(description !== undefined && { description: checkedText(description, 'description') }),
  ...(disabled !== undefined && { disabled }),
})

/** Requests stay: enabling the tenant again gives their owners back what is left of the windows. */
const endTenant = async (ending: Ending): Promise<void> => {
  await revokeLoginSessions(ending, {})
  await revokeGrants(ending, {})
}
