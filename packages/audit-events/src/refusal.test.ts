import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import type { Sql } from '@sallyport/database/sql'
import { expect, test } from 'vitest'
import { auditRefusals, type RefusedCall } from './refusal.ts'

const operator = '01a20414-735b-7bc5-a022-f8a2dadb41cf'
const tenant = '01a20414-735b-7bc5-a022-f8a2dadb41d0'

const open = ({ operatorTenant }: { operatorTenant: string | undefined } = { operatorTenant: operator }) => {
  const written: { tenantId: string; event: AuditEvent }[] = []
  let now = 0
  const inTenant = (tenantId: string, work: (sql: Sql) => Promise<void>): Promise<void> =>
    work({
      query: async (_text: string, values: readonly unknown[]) => {
        const payload = values.find(value => value instanceof Uint8Array)
        written.push({ tenantId, event: AuditEvent.decode(payload ?? new Uint8Array()) })
        return []
      },
    })
  const audit = auditRefusals({
    service: 'vault',
    inTenant,
    operatorTenant: async () => operatorTenant,
    steadyNow: () => now,
  })
  return { audit, written, wait: (ms: number) => (now += ms) }
}

const call = (parts: Partial<RefusedCall> = {}): RefusedCall => ({
  method: '/sallyport.vault.v1.SecretService/Reveal',
  requestId: 'r1',
  service: 'execution',
  caller: undefined,
  error: { reason: 'service.not_allowed', metadata: {} },
  ...parts,
})

test('what is refused to a known user stands in the trail of the user’s tenant, each time', async () => {
  const { audit, written } = open()
  const caller = {
    tenantId: tenant,
    userId: 'u1',
    userName: 'alice',
    loginSessionId: 'l1',
    sourceAddress: '',
  }
  for (let count = 0; count < 3; count += 1) await audit.onRefused(call({ caller }))
  expect(written.map(({ tenantId }) => tenantId)).toEqual([tenant, tenant, tenant])
  expect(written[0]?.event).toMatchObject({ code: 'call.refused', actor: { kind: 'user', name: 'alice' } })
})

test('what is refused to nobody in particular stands in the operator’s, one of a kind a minute, and counted', async () => {
  const { audit, written, wait } = open()
  for (let count = 0; count < 5; count += 1) await audit.onRefused(call())
  await audit.onRefused(call({ service: undefined }))
  await audit.onConnectionRefused({ reason: 'CERT_HAS_EXPIRED', sourceAddress: '192.0.2.1' })
  await audit.onConnectionRefused({ reason: 'CERT_HAS_EXPIRED', sourceAddress: '192.0.2.2' })
  expect(written.map(({ tenantId }) => tenantId)).toEqual([operator, operator, operator])
  expect(written.map(({ event }) => [event.code, event.actor?.kind, event.details])).toEqual([
    [
      'call.refused',
      'service',
      { method: call().method, peer: 'execution', reason: 'service.not_allowed', repeated: '0' },
    ],
    ['call.refused', 'anonymous', { method: call().method, reason: 'service.not_allowed', repeated: '0' }],
    ['connection.refused', 'anonymous', { reason: 'CERT_HAS_EXPIRED', repeated: '0' }],
  ])
  wait(60_000)
  await audit.onRefused(call())
  expect(written.at(-1)?.event.details).toMatchObject({ repeated: '4' })
})

test('nothing is written while the operator’s tenant is not known', async () => {
  const { audit, written } = open({ operatorTenant: undefined })
  await audit.onConnectionRefused({ reason: 'CERT_HAS_EXPIRED', sourceAddress: '' })
  expect(written).toEqual([])
})

test('a thousand kinds are remembered, and no more', async () => {
  const { audit, written } = open()
  for (let kind = 0; kind < 1_200; kind += 1)
    await audit.onConnectionRefused({ reason: `ERR_SSL_${kind}`, sourceAddress: '' })
  expect(written).toHaveLength(1_000)
})
