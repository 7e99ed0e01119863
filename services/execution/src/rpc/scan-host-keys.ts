import { type AuditEntry, recordAudit } from '@sallyport/audit-events/record'
import type { ScanHostKeysRequest, ScanHostKeysResponse } from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Egress } from '@sallyport/egress/egress'
import type { Inventory } from '../clients/vault.ts'
import { AttemptFailure } from '../domain/rotation/failure.ts'
import { fingerprintOf, isPinned, keyTypeOf } from '../executors/ssh/host-key.ts'
import { scanHostKeys as scan } from '../executors/ssh/scan-host-keys.ts'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'

type Deps = { store: Store; inventory: Pick<Inventory, 'deviceOf'>; egress: Egress }

/** Only a device of the tenant, never an address that the caller gives: this is no port scanner. */
export const scanHostKeys =
  ({ store, inventory, egress }: Deps) =>
  async (request: ScanHostKeysRequest, call: Call): Promise<ScanHostKeysResponse> => {
    const deviceId = existingId(request.deviceId, 'device.not_found')
    const { port } = request
    if (port < 1 || port > 65_535) throw new SallyportError('request.invalid', 'port must be 1 to 65535')
    const { tenantId } = call.caller
    if (request.vaultCallerToken === undefined) throw new SallyportError('caller.unauthenticated')
    const { address, hostKeys: pinned } = await inventory.deviceOf(request.vaultCallerToken, deviceId)
    const pinnedHere = pinned.filter(key => key.port === port).map(key => key.publicKey)
    const audit = (entry: AuditEntry<'device.host_key_fetched'>): Promise<void> =>
      store.inTenant(tenantId, tx =>
        recordAudit(sqlOf(tx), call, 'device.host_key_fetched', {
          ...entry,
          target: { kind: 'device', id: deviceId },
          details: { address, port, ...entry.details },
        }),
      )
    const keys = await scan({ address, port, egress, signal: call.signal }).catch(async (thrown: unknown) => {
      const error = asRefusal(thrown)
      // What was tried is told too: a device can be given any address.
      await audit({ outcome: 'failure', details: { reason: error.reason } })
      throw error
    })
    const hostKeys = keys.map(publicKey => ({
      publicKey,
      algorithm: keyTypeOf(publicKey),
      fingerprint: fingerprintOf(publicKey),
      pinned: isPinned(publicKey, pinnedHere),
    }))
    await audit({ details: { fingerprints: hostKeys.map(({ fingerprint }) => fingerprint) } })
    return { hostKeys }
  }

const asRefusal = (cause: unknown): SallyportError => {
  if (!(cause instanceof AttemptFailure)) return SallyportError.from(cause)
  if (cause.failure === 'target_forbidden') return new SallyportError('host_key.forbidden')
  return new SallyportError('host_key.unreachable', cause.message, { cause })
}
