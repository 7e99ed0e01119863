import { hostname } from 'node:os'
import type { DestinationFormat } from '../domain/forwarding/destination.ts'
import type { TrailRecord } from '../domain/trail-record.ts'
import { ocsfLine } from '../events/published.ts'
import { cefMessage } from '../domain/forwarding/cef.ts'
import { octetCounted, syslogMessage } from '../domain/forwarding/syslog.ts'

const host = hostname()

const inSyslog =
  (text: (record: TrailRecord) => string) =>
  (record: TrailRecord): Buffer =>
    octetCounted(syslogMessage(record, host, text(record)))

/** How a record goes over the wire, for each format. */
export const encoders = {
  cef: inSyslog(cefMessage),
  ocsf: inSyslog(ocsfLine),
  'ocsf-lines': (record: TrailRecord): Buffer => Buffer.from(`${ocsfLine(record)}\n`),
} as const satisfies Readonly<Record<DestinationFormat, (record: TrailRecord) => Buffer>>
