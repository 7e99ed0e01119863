import type { Target } from '@sallyport/access-control/domain/criteria'
import type { AccessControlConfig } from '@sallyport/access-control/config'
import type { TargetSource } from '@sallyport/access-control/clients/vault'
import { startAccessControl } from '@sallyport/access-control/service'
import { openEventLog } from '@sallyport/events/open-event-log'
import { createLogger } from '@sallyport/telemetry/logger'
import { serveChild } from '../child.ts'

const targetOf = (credentialId: string, deviceId: string): Target => ({
  credentialId,
  deviceId,
  username: 'root',
  domain: '',
  credentialType: 'local-admin',
  credentialTags: [],
  criticality: 'high',
  deviceName: `host-${deviceId}`,
  deviceAddress: '10.0.0.1',
  deviceType: 'linux-server',
  deviceSite: '',
  deviceTags: ['bench'],
})

/** A vault that has every target, and answers at once: what is measured is this service. */
const everyTarget: TargetSource = {
  get: async (_tenantId, credentialId, deviceId) => targetOf(credentialId, deviceId),
  find: async () => [],
  page: async () => ({ targets: [], nextCursor: '' }),
}

serveChild(async (config: AccessControlConfig) => {
  const log = createLogger('access-control', 'error')
  const driver = openEventLog(config.eventLog, { service: 'access-control', log })
  const service = await startAccessControl(config, { driver, targets: everyTarget })
  const first = await service.bootstrap()
  first?.password.dispose()
  return {
    ready: service.address,
    stop: async () => {
      await service[Symbol.asyncDispose]()
      await driver[Symbol.asyncDispose]()
    },
  }
})
