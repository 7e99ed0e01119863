import type { Record } from '@sallyport/contracts/audit/v1/audit'
import { decodeBody } from '../domain/body.ts'
import { ocsfLine } from '../events/published.ts'
import type { StoredRecord } from '../store/records.ts'

/** A stored record as callers see it; from its body, which the chain covers. */
export const recordMessage = ({ sequence, body, mac }: StoredRecord): Record => {
  const record = decodeBody(body)
  return {
    sequence: BigInt(sequence),
    eventId: record.eventId,
    code: record.code,
    occurredAt: record.occurredAt,
    recordedAt: record.recordedAt,
    ocsf: ocsfLine(record),
    mac: Buffer.from(mac).toString('hex'),
    service: record.service,
    outcome: record.outcome,
    actorId: record.actor.id,
    actorName: record.actor.name,
    targetKind: record.target.kind,
    targetId: record.target.id,
    targetName: record.target.name,
    requestId: record.requestId,
    sessionId: record.sessionId,
    grantId: record.grantId,
    details: { ...record.details },
  }
}
