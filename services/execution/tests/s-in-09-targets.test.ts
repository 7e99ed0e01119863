import { randomUUID } from 'node:crypto'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scanHostKeys } from '../src/executors/ssh/scan-host-keys.ts'
import { someone, type ServiceUnderTest, startUnderTest } from './support/service-under-test.ts'

describe('S-IN-09: nothing of execution connects where no target may be', () => {
  let service: ServiceUnderTest
  beforeAll(async () => {
    service = await startUnderTest()
  })
  afterAll(() => service?.[Symbol.asyncDispose]())

  const [alice, bob] = [someone(), someone()]

  const scan = async (caller: typeof alice, deviceId: string, port: number) =>
    service.hostKeys.scanHostKeys(
      { deviceId, port, vaultCallerToken: await service.vaultToken(caller) },
      await service.as(caller),
    )

  test('a scan of host keys goes to devices of the tenant only', async () => {
    const deviceId = randomUUID()
    service.addTarget(alice.tenantId, randomUUID(), deviceId, '169.254.169.254')
    await expect(scan(bob, deviceId, 22)).rejects.toMatchObject({ reason: 'device.not_found' })
    await expect(scan(alice, deviceId, 0)).rejects.toMatchObject({ reason: 'request.invalid' })
  })

  test('a scan of a forbidden address is refused, and the trail says so', async () => {
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', '0xa9fea9fe', 'fe80::1']) {
      const [caller, deviceId] = [someone(), randomUUID()]
      service.addTarget(caller.tenantId, randomUUID(), deviceId, address)
      await expect(scan(caller, deviceId, 22), address).rejects.toMatchObject({
        reason: 'host_key.forbidden',
      })
      expect(await service.audited(caller.tenantId), address).toEqual(['device.host_key_fetched'])
    }
  })

  test('the operator forbids the networks of the installation', async () => {
    const signal = new AbortController().signal
    const egress = createEgress({ ...laptopRules, forbidden: ['127.0.0.0/8'] })
    const attempt = scanHostKeys({ address: 'localhost', port: 22, egress, signal })
    await expect(attempt).rejects.toMatchObject({ failure: 'target_forbidden' })
  })
})
