import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import type { Sql } from '@sallyport/database/sql'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AuditEntry, auditEvent, recordAudit } from './record.ts'
import { type CallSource, onBehalfOf } from './source.ts'

const tenantId = '018f0000-0000-7000-8000-000000000001'
const call = (): CallSource => ({
  method: '/sallyport.access_control.v1.AccessService/CreateRequest',
  requestId: 'call-1',
  caller: { tenantId, userId: 'u1', userName: 'alice', loginSessionId: 'l1', sourceAddress: '192.0.2.1' },
  audited: new Set(),
})

describe('An audit event', () => {
  it('names the reporting service, the user and the call', () => {
    expect(auditEvent(call(), 'request.created', { requestId: 'r1' })).toMatchObject({
      service: 'access-control',
      tenantId,
      actor: { kind: 'user', id: 'u1', name: 'alice', loginSessionId: 'l1', sourceAddress: '192.0.2.1' },
      correlationId: 'call-1',
      requestId: 'r1',
      outcome: 'success',
    })
  })

  it('names the service itself when no user stands behind it', () => {
    const event = auditEvent({ service: 'execution', tenantId }, 'rotation.failed', { outcome: 'failure' })
    expect(event.actor).toMatchObject({ kind: 'service', id: 'execution' })
  })

  it('names whom a service acts for', () => {
    const source = onBehalfOf(call(), tenantId, {
      kind: 'anonymous',
      name: 'mallory',
      sourceAddress: '192.0.2.9',
    })
    expect(auditEvent(source, 'login.failed', {}).actor).toMatchObject({ kind: 'anonymous', name: 'mallory' })
  })

  it('carries no detail that the catalogue does not list, whatever the types were told', () => {
    const entry = {
      // @ts-expect-error: `password` is not a detail of this code
      details: { version: 3, password: 'hunter2' },
    } satisfies AuditEntry<'secret.revealed'>
    expect(auditEvent(call(), 'secret.revealed', entry).details).toEqual({ version: '3' })
  })

  it('is refused without a tenant', () => {
    expect(() => auditEvent({ service: 'vault', tenantId: '' }, 'secret.revealed', {})).toThrow(TypeError)
  })

  it('survives any text in any field', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, (name, id, comment) => {
        const event = auditEvent(call(), 'request.approved', {
          target: { kind: 'request', id, name },
          details: { comment },
        })
        expect(AuditEvent.decode(AuditEvent.encode(event).finish())).toEqual(event)
      }),
    )
  })
})

describe('Recording', () => {
  it('notes the code on the call', async () => {
    const source = call()
    const sql: Sql = { query: async () => [] }
    await recordAudit(sql, source, 'request.created')
    expect([...source.audited]).toEqual(['request.created'])
  })

  it('fails when the event cannot be written, and notes nothing', async () => {
    const source = call()
    const sql: Sql = { query: () => Promise.reject(new Error('disk full')) }
    await expect(recordAudit(sql, source, 'request.created')).rejects.toThrow('disk full')
    expect([...source.audited]).toEqual([])
  })
})
