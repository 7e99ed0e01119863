import { openEventLog } from '@sallyport/events/open-event-log'
import { createLogger } from '@sallyport/telemetry/logger'
import type { AccessControl } from '@sallyport/vault/clients/access-control'
import type { VaultConfig } from '@sallyport/vault/config'
import { startVault } from '@sallyport/vault/service'
import { setTimeout as pause } from 'node:timers/promises'
import { serveChild } from '../child.ts'

export type VaultInput = { readonly config: VaultConfig; readonly keySet: string }

/** access-control as vault sees it when nothing is revoked: one key, and a heartbeat each second. */
const quietAccessControl = (keySet: string): AccessControl => ({
  verificationKeys: async () => ({ callerTokenKeys: keySet, grantKeys: keySet }),
  goodGrants: async (_tenantId, ids) => ids,
  watchRevocations: async function* (_after, signal) {
    for (; !signal.aborted; await pause(1_000, undefined, { signal }).catch(() => {})) {
      yield { position: 1n, revocation: undefined }
    }
  },
})

serveChild(async ({ config, keySet }: VaultInput) => {
  const log = createLogger('vault', 'error')
  const driver = openEventLog(config.eventLog, { service: 'vault', log })
  const vault = await startVault(config, { accessControl: quietAccessControl(keySet), driver })
  return {
    ready: vault.address,
    stop: async () => {
      await vault[Symbol.asyncDispose]()
      await driver[Symbol.asyncDispose]()
    },
  }
})
