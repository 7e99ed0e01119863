import type { Checkpoint, Record as AuditRecord } from '@sallyport/contracts/audit/v1/audit'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { id, line, moment, momentReply, textReply } from './fields.ts'
import { onlyPage, pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { countOf, momentOf, present, textOf } from './wire.ts'

const filters = z.strictObject({
  ...pageQuery,
  from: moment.optional(),
  to: moment.optional(),
  actorId: id.optional(),
  targetId: line(200).default(''),
  code: line(100).default('').describe('Such as `secret.revealed`'),
  requestId: id.optional(),
  sessionId: id.optional(),
  outcome: z.enum(['success', 'failure']).optional(),
})

const record = z
  .object({
    sequence: z.int().describe('Counts from 1, without gaps'),
    eventId: z.string(),
    code: z.string(),
    occurredAt: momentReply,
    recordedAt: momentReply,
    ocsf: z.string().describe('The event in OCSF form, as JSON'),
    mac: z.string().describe('Hexadecimal HMAC-SHA-256 over this record and the one before'),
    service: z.string(),
    outcome: z.string(),
    actorId: textReply,
    actorName: textReply,
    targetKind: textReply,
    targetId: textReply,
    targetName: textReply,
    requestId: textReply,
    sessionId: textReply,
    grantId: textReply,
    details: z.record(z.string(), z.string()),
  })
  .meta({ id: 'AuditRecord' })

const checkpoint = z
  .object({
    sequence: z.int(),
    mac: z.string(),
    root: textReply.describe('Hexadecimal root of the tree over these records (RFC 6962)'),
    signedAt: momentReply,
    signature: z.string().describe('Ed25519, base64url'),
    keyId: z.string(),
  })
  .meta({ id: 'Checkpoint' })

const proof = z
  .object({
    tenantId: z.string(),
    sequence: z.int(),
    body: z.string().describe('The bytes of the record that the tree is over, in base64'),
    path: z.array(z.string()).describe('Hexadecimal hashes from the record to the root, the nearest first'),
    checkpoint,
    publicKey: z.string().describe('PEM. Compare it with one that did not come from here'),
  })
  .meta({ id: 'AuditProof' })

const verification = z
  .object({
    intact: z.boolean(),
    records: z.int(),
    checkpoints: z.int(),
    badSequence: z.int().nullable().describe('The first bad one'),
    problem: textReply,
  })
  .meta({ id: 'AuditVerification' })

const bySequence = z.strictObject({ sequence: z.string().regex(/^[1-9]\d{0,17}$/) })

/** The tamper-evident trail. */
export const auditEndpoints = ({
  audit,
}: Pick<Upstreams, 'audit'>): Endpoints<
  'listAuditRecords' | 'getAuditRecord' | 'proveAuditRecord' | 'listCheckpoints' | 'verifyAuditChain'
> => ({
  listAuditRecords: endpoint({
    summary: 'Lists audit records, newest first',
    input: { query: filters },
    reply: pageOf(record),
    handle: async ({ query }, exchange) => {
      const request = {
        page: pageRequest(query),
        from: query.from,
        to: query.to,
        actorId: query.actorId ?? '',
        targetId: query.targetId,
        code: query.code,
        requestId: query.requestId ?? '',
        sessionId: query.sessionId ?? '',
        outcome: query.outcome ?? '',
      }
      const answer = await audit.queryRecords(request, exchange.to('audit'))
      return pageReply(answer.records, answer.page, recordOf)
    },
  }),
  getAuditRecord: endpoint({
    summary: 'Reads one audit record',
    input: { params: bySequence },
    reply: record,
    handle: async ({ params }, { to }) => {
      const answer = await audit.getRecord({ sequence: BigInt(params.sequence) }, to('audit'))
      return recordOf(answer.record)
    },
  }),
  proveAuditRecord: endpoint({
    summary: 'Proves, to anybody who has the public key, that a record is in the trail',
    input: { params: bySequence },
    reply: proof,
    handle: async ({ params }, { to }) => {
      const answer = await audit.proveRecord({ sequence: BigInt(params.sequence) }, to('audit'))
      return {
        tenantId: answer.tenantId,
        sequence: countOf(answer.sequence),
        body: answer.body.toString('base64'),
        path: answer.path.map(hash => hash.toString('hex')),
        checkpoint: checkpointOf(present(answer.checkpoint)),
        publicKey: answer.publicKey,
      }
    },
  }),
  listCheckpoints: endpoint({
    summary: 'Lists signed checkpoints, newest first',
    input: { query: onlyPage },
    reply: pageOf(checkpoint),
    handle: async ({ query }, { to }) => {
      const answer = await audit.listCheckpoints({ page: pageRequest(query) }, to('audit'))
      return pageReply(answer.checkpoints, answer.page, checkpointOf)
    },
  }),
  verifyAuditChain: endpoint({
    summary: 'Checks your tenant’s chain from its first record to its last checkpoint',
    reply: verification,
    handle: async (_input, { to }) => {
      const found = await audit.verifyChain({}, { ...to('audit'), deadlineMs: verificationMs })
      return {
        intact: found.intact,
        records: countOf(found.records),
        checkpoints: countOf(found.checkpoints),
        badSequence: found.intact ? null : countOf(found.badSequence),
        problem: textOf(found.problem),
      }
    },
  }),
})

/** A long chain takes its time. */
const verificationMs = 60_000

const recordOf = (message: AuditRecord | undefined): z.input<typeof record> => {
  const found = present(message)
  return {
    ...found,
    sequence: countOf(found.sequence),
    occurredAt: momentOf(found.occurredAt),
    recordedAt: momentOf(found.recordedAt),
    actorId: textOf(found.actorId),
    actorName: textOf(found.actorName),
    targetKind: textOf(found.targetKind),
    targetId: textOf(found.targetId),
    targetName: textOf(found.targetName),
    requestId: textOf(found.requestId),
    sessionId: textOf(found.sessionId),
    grantId: textOf(found.grantId),
  }
}

const checkpointOf = (message: Checkpoint): z.input<typeof checkpoint> => ({
  ...message,
  sequence: countOf(message.sequence),
  root: textOf(message.root),
  signedAt: momentOf(message.signedAt),
})
