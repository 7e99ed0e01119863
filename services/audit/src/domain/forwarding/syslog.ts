import { rowOf } from '@sallyport/audit-events/catalogue'
import type { Severity } from '@sallyport/audit-events/catalogue-row'
import type { TrailRecord } from '../trail-record.ts'

/** RFC 5424, section 6.2.1: "log audit". */
const facility = 13

const severities: Readonly<Record<Severity, number>> = {
  informational: 6,
  low: 5,
  medium: 4,
  high: 3,
  critical: 2,
  fatal: 1,
}

/** Of a code that this version does not know: notice. */
const severityOf = (code: string): number => severities[rowOf(code)?.severity ?? 'low']

/** A header field is printable ASCII without spaces, and `-` if there is nothing to say. */
const field = (text: string, max: number): string => text.replace(/[^!-~]/g, '_').slice(0, max) || '-'

const parameter = (name: string, value: string | number): string =>
  `${name}="${`${value}`.replace(/["\\\]]/g, '\\$&')}"`

/** 32473 is the number that RFC 5612 keeps for examples: nobody else's names are under it. */
const structured = (record: TrailRecord): string =>
  `[sallyport@32473 ${parameter('tenant', record.tenantId)} ${parameter('sequence', record.sequence)} ` +
  `${parameter('event', record.eventId)}]`

/** The record as a syslog message (RFC 5424) with the given text, in UTF-8. */
export const syslogMessage = (record: TrailRecord, hostName: string, text: string): string => {
  const priority = facility * 8 + severityOf(record.code)
  const header = [
    `<${priority}>1`,
    record.occurredAt.toISOString(),
    field(hostName, 255),
    'sallyport',
    field(record.service, 128),
    field(record.code, 32),
  ]
  return `${header.join(' ')} ${structured(record)} ${text}`
}

/** Framed as in RFC 5425: its length in octets, a space, and the message. */
export const octetCounted = (message: string): Buffer => {
  const bytes = Buffer.from(message)
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}
