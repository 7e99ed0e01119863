import { randomUUID } from 'node:crypto'
import { catalogue } from '@sallyport/audit-events/catalogue'
import { auditEvent } from '@sallyport/audit-events/record'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCef } from '../../tests/cef-reader.ts'
import { readFrames, readSyslog } from '../../tests/syslog-reader.ts'
import type { TrailRecord } from '../domain/trail-record.ts'
import { acceptEvent } from '../events/accept.ts'
import { cefMessage } from '../domain/forwarding/cef.ts'
import { encoders } from './formats.ts'
import { syslogMessage } from '../domain/forwarding/syslog.ts'

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '|',
      '=',
      '\\',
      '\\n',
      '"',
      ']',
      '\n',
      '\r',
      ' ',
      'cs1=',
      'CEF:0|',
      '<13>1 ',
      '12 <',
      '\0',
    ),
    fc.constantFrom('\u2028', '\u202e', '\ufeff', '\ud800', '😀', 'é'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
})

/** A record as the trail keeps it, with the same text wherever somebody outside can put some. */
const recordOf = (
  text: string,
  code: 'session.refused' | 'secret.revealed' = 'session.refused',
): TrailRecord => {
  const tenantId = randomUUID()
  const actor = { kind: 'user', id: text, name: text, loginSessionId: text, sourceAddress: text } as const
  const event = auditEvent({ service: 'session-proxy', tenantId, actor }, code, {
    target: { kind: 'device', id: text, name: text },
    requestId: text,
    sessionId: text,
    details: code === 'session.refused' ? { reason: text, target: text } : {},
  })
  const accepted = acceptEvent({
    id: event.id,
    topic: 't',
    key: tenantId,
    tenantId,
    type: 'AuditEvent',
    source: 'sallyport/session-proxy',
    time: new Date('2026-11-22T12:00:00Z'),
    payload: AuditEvent.encode(event).finish(),
  })
  return { ...accepted, sequence: 7, recordedAt: new Date('2026-11-22T12:00:01Z') }
}

describe('a CEF message', () => {
  it('says who did what to what', () => {
    const record = recordOf('web-1')
    expect(readCef(cefMessage(record))).toEqual({
      header: ['CEF:0', 'Sallyport', 'Sallyport', '1', 'session.refused', expect.any(String), '5'],
      extension: {
        rt: `${record.occurredAt.getTime()}`,
        externalId: '7',
        act: 'session.refused',
        outcome: 'success',
        sproc: 'session-proxy',
        src: 'web-1',
        suid: 'web-1',
        suser: 'web-1',
        spriv: 'user',
        duid: 'web-1',
        dhost: 'web-1',
        cs1: record.tenantId,
        cs1Label: 'tenantId',
        cs2: 'web-1',
        cs2Label: 'requestId',
        cs3: 'web-1',
        cs3Label: 'sessionId',
        cs5: 'device',
        cs5Label: 'targetKind',
        cs6: 'web-1',
        cs6Label: 'targetName',
        msg: '{"target":"web-1","reason":"web-1"}',
      },
    })
  })

  it('is one line, and an independent reader finds in it what the trail holds', () => {
    fc.assert(
      fc.property(hostile, text => {
        const record = recordOf(text)
        const message = cefMessage(record)
        expect(message).not.toMatch(/[\n\r]/)
        const { extension } = readCef(message)
        const { actor, target, details } = record
        expect([extension['suser'] ?? '', extension['dhost'] ?? '']).toEqual([actor.name, target.name])
        expect(extension['cs2'] ?? '').toBe(record.requestId)
        expect(JSON.parse(extension['msg'] ?? '')).toEqual(details)
      }),
    )
  })

  it('of a code that a newer service made is of unknown severity', () => {
    const record = { ...recordOf('x'), code: 'future|code' }
    const { header } = readCef(cefMessage(record))
    expect(header.slice(4)).toEqual(['future|code', 'future|code', 'Unknown'])
  })
})

describe('a syslog message', () => {
  it('names the moment, the service, the code, the tenant and the place in the trail', () => {
    const record = recordOf('x')
    expect(readSyslog(syslogMessage(record, 'pod 1', 'the text'))).toEqual({
      facility: 13,
      severity: 4,
      time: record.occurredAt.toISOString(),
      host: 'pod_1',
      app: 'sallyport',
      process: 'session-proxy',
      id: 'session.refused',
      data: { tenant: record.tenantId, sequence: '7', event: record.eventId },
      text: 'the text',
    })
  })

  it('has room for every code there is', () => {
    for (const code of Object.keys(catalogue))
      expect(readSyslog(syslogMessage({ ...recordOf('x'), code }, 'h', '')).id).toBe(code)
  })

  it('is framed by its octets, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), texts => {
        const records = texts.map(text => recordOf(text))
        const frames = readFrames(Buffer.concat(records.map(encoders.cef)))
        expect(frames.map(frame => readSyslog(frame).data['event'])).toEqual(
          records.map(({ eventId }) => eventId),
        )
        const ocsf = readFrames(Buffer.concat(records.map(encoders.ocsf)))
        for (const [at, frame] of ocsf.entries()) {
          expect(JSON.parse(readSyslog(frame).text)).toMatchObject({
            metadata: { uid: records[at]?.eventId },
          })
        }
      }),
    )
  })
})

describe('OCSF lines', () => {
  it('are one JSON object each, whatever a record holds', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), texts => {
        const records = texts.map(text => recordOf(text))
        const lines = Buffer.concat(records.map(encoders['ocsf-lines'])).toString().split('\n')
        expect(lines.pop()).toBe('')
        expect(lines.map(line => JSON.parse(line).metadata.uid)).toEqual(
          records.map(({ eventId }) => eventId),
        )
      }),
    )
  })
})
