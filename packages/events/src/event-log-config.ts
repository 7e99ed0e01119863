import type { Reader } from '@sallyport/config/reader'
import type { KafkaConnection, KafkaTls } from './kafka-client.ts'

/** Where events travel: through brokers, or through a table of PostgreSQL where there are none. */
export type EventLogConfig =
  | { readonly kind: 'kafka'; readonly connection: Omit<KafkaConnection, 'clientId'> }
  /** As role `sallyport_event_log`. */
  | { readonly kind: 'postgres'; readonly url: string }

const isAddress = (text: string): boolean => /^[^\s:/]+:\d{1,5}$|^\[[\da-f:.]+\]:\d{1,5}$/i.test(text)

/** Reads which it is from the environment: brokers win, and to name both is a mistake. */
export const readEventLog = (reader: Reader): EventLogConfig => {
  const brokers = reader.list('SALLYPORT_KAFKA_BROKERS', isAddress, 'addresses with their ports')
  if (brokers.length === 0) return { kind: 'postgres', url: reader.secretText('SALLYPORT_EVENT_LOG_URL') }
  if (reader.optional('SALLYPORT_EVENT_LOG_URL') !== undefined) {
    reader.complain('SALLYPORT_KAFKA_BROKERS and SALLYPORT_EVENT_LOG_URL exclude each other: set one')
  }
  return { kind: 'kafka', connection: { brokers, tls: readTls(reader), login: readLogin(reader) } }
}

/** In clear only where an operator says so. */
const readTls = (reader: Reader): KafkaTls | undefined => {
  if (!reader.flag('SALLYPORT_KAFKA_TLS', true)) return undefined
  const bytes = (name: string): Buffer | undefined =>
    reader.optional(name) === undefined ? undefined : reader.bytes(name)
  const tls = {
    authority: bytes('SALLYPORT_KAFKA_TLS_AUTHORITY_FILE'),
    certificate: bytes('SALLYPORT_KAFKA_TLS_CERTIFICATE_FILE'),
    privateKey: bytes('SALLYPORT_KAFKA_TLS_KEY_FILE'),
  }
  if ((tls.certificate === undefined) !== (tls.privateKey === undefined)) {
    reader.complain('SALLYPORT_KAFKA_TLS_CERTIFICATE_FILE and SALLYPORT_KAFKA_TLS_KEY_FILE go together')
  }
  return tls
}

const readLogin = (reader: Reader): KafkaConnection['login'] => {
  const username = reader.optional('SALLYPORT_KAFKA_USERNAME')
  const file = reader.optional('SALLYPORT_KAFKA_PASSWORD_FILE')
  if (username === undefined && file === undefined) return undefined
  if (username === undefined || file === undefined) {
    reader.complain('SALLYPORT_KAFKA_USERNAME and SALLYPORT_KAFKA_PASSWORD_FILE go together')
    return undefined
  }
  // Editors end files with a line break, which is no part of a password.
  const password = reader
    .bytes('SALLYPORT_KAFKA_PASSWORD_FILE')
    .toString()
    .replace(/\r?\n$/, '')
  return { username, password }
}
