import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AuditCode, catalogue, isAuditCode } from './catalogue.ts'
import type { CatalogueRow } from './catalogue-row.ts'
import { toOcsf } from './ocsf.ts'
import { auditEvent } from './record.ts'

const tenantId = '018f0000-0000-7000-8000-000000000001'
const codes = Object.keys(catalogue).filter(isAuditCode)
const at = new Date('2026-03-04T05:06:07.890Z')
const source = {
  service: 'vault',
  tenantId,
  actor: { kind: 'user', id: 'u1', name: 'alice', loginSessionId: 'l1', sourceAddress: '192.0.2.1' },
} as const

const render = (code: AuditCode, name = 'web-1') =>
  toOcsf(auditEvent(source, code, { target: { kind: 'device', id: 'd1', name }, at }))

// What OCSF 1.8 requires of each class beyond the base event.
const required: Readonly<Record<number, readonly string[]>> = {
  3001: ['user'],
  3002: ['user', 'service'],
  3004: ['entity'],
  3005: ['user'],
  4007: ['dst_endpoint', 'src_endpoint'],
  6003: ['actor', 'api', 'src_endpoint'],
  6005: ['actor', 'src_endpoint', 'table'],
}

describe('The catalogue', () => {
  it.each(Object.entries<CatalogueRow>(catalogue))(
    '%s has a well-formed code, title and details',
    (code, row) => {
      expect(code).toMatch(/^[a-z_]+\.[a-z_]+$/)
      expect(row.title).toMatch(/^[A-Z][^.]+$/)
      expect(new Set(row.details).size).toBe(row.details.length)
      for (const key of row.details) {
        expect(key).toMatch(/^[a-z_]+$/)
        expect(key).not.toMatch(/^(password|secret|token|private_key|passphrase|otp|seed)$/)
      }
    },
  )
})

describe('OCSF', () => {
  it('has the whole story of a revealed secret', () => {
    const event = auditEvent(source, 'secret.revealed', {
      target: { kind: 'credential', id: 'c1', name: 'root' },
      requestId: 'r1',
      grantId: 'g1',
      details: { version: 7n },
      at,
    })
    expect(toOcsf({ ...event, id: 'e1' }, { sequence: 42n, recordedAt: at })).toEqual({
      category_uid: 6,
      class_uid: 6005,
      activity_id: 1,
      type_uid: 600501,
      severity_id: 4,
      message: 'A secret was shown to a person',
      time: at.getTime(),
      status_id: 1,
      status: 'Success',
      metadata: {
        version: '1.8.0',
        product: { name: 'Sallyport', vendor_name: 'Sallyport', feature: { name: 'vault' } },
        uid: 'e1',
        event_code: 'secret.revealed',
        tenant_uid: tenantId,
        sequence: 42,
        logged_time: at.getTime(),
      },
      actor: { user: { uid: 'u1', name: 'alice', type_id: 1 }, session: { uid: 'l1' } },
      src_endpoint: { ip: '192.0.2.1' },
      table: { uid: 'c1', name: 'root', type: 'credential' },
      type_id: 99,
      type: 'Other',
      unmapped: { request_id: 'r1', grant_id: 'g1', version: '7' },
    })
  })

  it.each(codes)('%s has what its class requires', code => {
    const event = render(code)
    const base = ['activity_id', 'category_uid', 'class_uid', 'type_uid', 'time', 'severity_id', 'metadata']
    const extra = required[Number(event['class_uid'])] ?? ['no row for this class']
    for (const key of [...base, ...extra]) expect(event, code).toHaveProperty(key)
    expect(event['type_uid']).toBe(Number(event['class_uid']) * 100 + Number(event['activity_id']))
  })

  it('renders a code of a newer service as a base event', () => {
    const event = { ...auditEvent(source, 'user.created', { at }), code: 'quantum.entangled' }
    expect(toOcsf(event)).toMatchObject({
      class_uid: 0,
      type_uid: 99,
      severity_id: 0,
      message: 'quantum.entangled',
    })
  })

  it('is one line of JSON for any event', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string({ unit: 'binary' }), (code, name) => {
        const line = JSON.stringify(render(code, name))
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        expect(JSON.parse(line)).toMatchObject({ metadata: { event_code: code } })
      }),
      { numRuns: 1000 },
    )
  })
})
