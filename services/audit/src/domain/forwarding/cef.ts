import { rowOf } from '@sallyport/audit-events/catalogue'
import type { Severity } from '@sallyport/audit-events/catalogue-row'
import type { TrailRecord } from '../trail-record.ts'

/** CEF counts from 0 to 10: 0 to 3 are low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high. */
const severities: Readonly<Record<Severity, number>> = {
  informational: 1,
  low: 3,
  medium: 5,
  high: 7,
  critical: 9,
  fatal: 10,
}

// A header has no way to say a line break.
const inHeader = (text: string): string => text.replace(/[\\|]/g, '\\$&').replace(/[\r\n]+/g, ' ')

const inExtension = (text: string): string =>
  text.replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')

/** Custom strings: what CEF has no key for. The labels stay, because SIEM rules match on them. */
const customOf = (record: TrailRecord): readonly (readonly [label: string, value: string])[] => [
  ['tenantId', record.tenantId],
  ['requestId', record.requestId],
  ['sessionId', record.sessionId],
  ['grantId', record.grantId],
  ['targetKind', record.target.kind],
  ['targetName', record.target.name],
]

const extensionOf = (record: TrailRecord): readonly (readonly [key: string, value: string])[] => [
  ['rt', `${record.occurredAt.getTime()}`],
  ['externalId', `${record.sequence}`],
  ['act', record.code],
  ['outcome', record.outcome],
  ['sproc', record.service],
  ['src', record.actor.sourceAddress],
  ['suid', record.actor.id],
  ['suser', record.actor.name],
  ['spriv', record.actor.kind],
  ['duid', record.target.id],
  [record.target.kind === 'device' ? 'dhost' : 'duser', record.target.name],
  ...customOf(record).flatMap(([label, value], index): [string, string][] =>
    value === ''
      ? []
      : [
          [`cs${index + 1}Label`, label],
          [`cs${index + 1}`, value],
        ],
  ),
  ['msg', JSON.stringify(record.details)],
]

/**
 * The record as a message in ArcSight's Common Event Format, version 0: one line, whatever the record holds.
 * What is empty is left out; the details are one JSON object under `msg`.
 */
export const cefMessage = (record: TrailRecord): string => {
  const row = rowOf(record.code)
  const severity = row ? `${severities[row.severity]}` : 'Unknown'
  const header = ['Sallyport', 'Sallyport', '1', record.code, row?.title ?? record.code, severity]
  const extension = extensionOf(record)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${inExtension(value)}`)
  return `CEF:0|${header.map(inHeader).join('|')}|${extension.join(' ')}`
}
