import type { TrailRecord } from './trail-record.ts'

/** Reads fields of a body that may have been tampered with: what is not there or not text reads as empty. */
type Fields = {
  readonly text: (key: string) => string
  readonly inside: (key: string) => Fields
  readonly raw: object
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const fieldsOf = (value: unknown): Fields => {
  const raw = isObject(value) ? value : {}
  const read = (key: string): unknown => Object.getOwnPropertyDescriptor(raw, key)?.value
  return {
    raw,
    text: key => {
      const found = read(key)
      return typeof found === 'string' ? found : ''
    },
    inside: key => fieldsOf(read(key)),
  }
}

const parse = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}

const sequenceIn = (raw: object): number =>
  'sequence' in raw && typeof raw.sequence === 'number' ? raw.sequence : Number.NaN

const texts = (raw: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )

/** The record that canonical bytes hold; total, so that verification can look at bytes that somebody changed. */
export const decodeBody = (body: Uint8Array): TrailRecord => {
  const { raw, text, inside } = fieldsOf(parse(body))
  const [actor, target] = [inside('actor'), inside('target')]
  return {
    tenantId: text('tenant_id'),
    sequence: sequenceIn(raw),
    eventId: text('event_id'),
    code: text('code'),
    occurredAt: new Date(text('occurred_at')),
    recordedAt: new Date(text('recorded_at')),
    service: text('service'),
    outcome: text('outcome'),
    actor: {
      kind: actor.text('kind'),
      id: actor.text('id'),
      name: actor.text('name'),
      loginSessionId: actor.text('login_session_id'),
      sourceAddress: actor.text('source_address'),
    },
    target: { kind: target.text('kind'), id: target.text('id'), name: target.text('name') },
    requestId: text('request_id'),
    sessionId: text('session_id'),
    grantId: text('grant_id'),
    correlationId: text('correlation_id'),
    details: texts(inside('details').raw),
  }
}
