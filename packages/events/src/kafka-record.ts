import { isUuid } from '@sallyport/database/uuid-v7'
import type { IHeaders, KafkaMessage, Message } from 'kafkajs'
import { type CloudEventHeaders, type EventRecord, headersOf, recordOf } from './event-record.ts'

/** Of the CloudEvents protocol binding for Kafka 1.0.2, binary content mode. */
const prefix = 'ce_'

export const messageOf = (record: EventRecord): Message & { key: string; value: Buffer } => ({
  key: record.key,
  value: Buffer.from(record.payload),
  headers: Object.fromEntries(
    Object.entries(headersOf(record)).map(([name, value]) => [`${prefix}${name}`, value]),
  ),
})

/** The record of a message; nothing if it is not one of ours, as when somebody else writes to the topic. */
export const recordOfMessage = (
  topic: string,
  { key, value, headers }: Pick<KafkaMessage, 'key' | 'value' | 'headers'>,
): EventRecord | undefined => {
  const attributes = attributesOf(headers ?? {})
  return key && value && attributes ? recordOf(topic, key.toString(), attributes, value) : undefined
}

const attributesOf = (headers: IHeaders): Omit<CloudEventHeaders, 'specversion'> | undefined => {
  const text = (name: string): string => {
    const value = headers[`${prefix}${name}`]
    return Buffer.isBuffer(value) ? value.toString() : ''
  }
  const [id, source, type, time, tenantid] = ['id', 'source', 'type', 'time', 'tenantid'].map(text)
  if (text('specversion') !== '1.0' || !id || !tenantid || !isUuid(id) || !isUuid(tenantid)) return undefined
  if (!source || !type || !time || Number.isNaN(Date.parse(time))) return undefined
  return { id, source, type, time, tenantid, traceparent: text('traceparent') }
}
