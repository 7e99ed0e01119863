import {
  TargetServiceService,
  Criticality,
  type Target as TargetMessage,
} from '@sallyport/contracts/vault/v1/inventory'
import { SallyportError } from '@sallyport/errors/error'
import { connectRpc } from '@sallyport/rpc/client'
import type { RpcChannel } from '@sallyport/rpc/channel'
import type { Target } from '../domain/criteria.ts'

/** What this service asks the vault: which targets there are. Never a secret. */
export type TargetSource = {
  get(tenantId: string, credentialId: string, deviceId: string): Promise<Target | undefined>
  find(tenantId: string, named: { username: string; domain: string; device: string }): Promise<Target[]>
  page(
    tenantId: string,
    page: { size: number; cursor: string; search: string },
  ): Promise<{ targets: Target[]; nextCursor: string }>
}

export const connectTargets = (channel: RpcChannel): TargetSource => {
  const vault = connectRpc(TargetServiceService, channel)
  return {
    get: async (tenantId, credentialId, deviceId) => {
      try {
        const { target } = await vault.getTarget({ tenantId, credentialId, deviceId })
        return target && readTarget(target)
      } catch (thrown) {
        if (thrown instanceof SallyportError && thrown.code === 'not_found') return undefined
        throw thrown
      }
    },
    find: async (tenantId, named) =>
      (await vault.findTargets({ tenantId, ...named })).targets.map(readTarget),
    page: async (tenantId, { size, cursor, search }) => {
      const { targets, page } = await vault.listTargets({ tenantId, page: { size, cursor }, search })
      return { targets: targets.map(readTarget), nextCursor: page?.nextCursor ?? '' }
    },
  }
}

const readTarget = ({ criticality, ...target }: TargetMessage): Target => ({
  ...target,
  criticality: criticalityName(criticality),
})

/** A criticality that this version does not know matches no criterion but the empty one and `*`. */
const criticalityName = (value: Criticality): string => {
  if (value === Criticality.LOW) return 'low'
  if (value === Criticality.MEDIUM) return 'medium'
  return value === Criticality.HIGH ? 'high' : ''
}
