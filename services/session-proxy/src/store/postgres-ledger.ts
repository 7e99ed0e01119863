import { recordAudit } from '@sallyport/audit-events/record'
import type { SystemSource } from '@sallyport/audit-events/source'
import type { Sql } from '@sallyport/database/sql'
import { publishSessionEnded } from '../events/published.ts'
import type { SessionFacts } from '../sessions/live-session.ts'
import type { Database } from './database.ts'
import { endSession, insertSession } from './session-rows.ts'
import type { Ended, SessionLedger, Visitor } from './session-ledger.ts'

type Deps = { readonly database: Pick<Database, 'sqlInTenant'>; readonly instance: string }

export const postgresLedger = ({ database, instance }: Deps): SessionLedger => ({
  started: facts =>
    database.sqlInTenant(facts.tenantId, async sql => {
      await insertSession(sql, facts, instance)
      await recordAudit(sql, sourceOf(facts), 'session.started', {
        ...subjectOf(facts),
        details: {
          protocol: facts.protocol,
          device_id: facts.deviceId,
          credential_id: facts.credentialId,
          recording_id: facts.id,
          kind: facts.kind,
          command: facts.command,
        },
      })
    }),
  ended: (facts, end) => database.sqlInTenant(facts.tenantId, sql => writeEnd(sql, facts, end)),
  refused: (visitor, { target, credentialId, deviceId, reason }) =>
    database.sqlInTenant(visitor.tenantId, sql =>
      recordAudit(sql, sourceOf(visitor), 'session.refused', {
        outcome: 'failure',
        ...(credentialId !== '' && { target: { kind: 'credential', id: credentialId, name: target } }),
        details: { protocol: 'ssh', target, reason, credential_id: credentialId, device_id: deviceId },
      }),
    ),
  hostKeyMismatch: (facts, offeredFingerprint) =>
    database.sqlInTenant(facts.tenantId, sql =>
      recordAudit(sql, sourceOf(facts), 'session.host_key_mismatch', {
        ...subjectOf(facts),
        outcome: 'failure',
        details: {
          device_id: facts.deviceId,
          credential_id: facts.credentialId,
          offered_fingerprint: offeredFingerprint,
        },
      }),
    ),
  featureRefused: (visitor, feature) =>
    database.sqlInTenant(visitor.tenantId, sql =>
      recordAudit(sql, sourceOf(visitor), 'session.feature_refused', {
        outcome: 'failure',
        details: { feature },
      }),
    ),
})

/** Writes an end once: a second one, as after a retry, changes and publishes nothing. */
const writeEnd = async (sql: Sql, facts: SessionFacts, end: Ended): Promise<void> => {
  if (!(await endSession(sql, facts.id, end))) return
  const source = sourceOf(facts)
  if (end.reason === 'target-failed') {
    await recordAudit(sql, source, 'session.failed', {
      ...subjectOf(facts),
      outcome: 'failure',
      details: {
        protocol: facts.protocol,
        device_id: facts.deviceId,
        credential_id: facts.credentialId,
        reason: end.detail,
      },
    })
  }
  await recordAudit(sql, source, 'session.ended', {
    ...subjectOf(facts),
    details: {
      cause: end.reason,
      seconds: Math.round((end.at.getTime() - facts.startedAt.getTime()) / 1000),
      bytes_out: end.bytes,
      exit_status: end.exitStatus,
      recording_id: facts.id,
    },
  })
  await publishSessionEnded(sql, facts, end.at)
}

const sourceOf = (visitor: Visitor): SystemSource => ({
  service: 'session-proxy',
  tenantId: visitor.tenantId,
  actor: {
    kind: 'user',
    id: visitor.userId,
    name: visitor.userName,
    loginSessionId: visitor.loginSessionId,
    sourceAddress: visitor.sourceAddress,
  },
})

const subjectOf = (facts: SessionFacts) => ({
  target: { kind: 'credential', id: facts.credentialId, name: facts.targetName },
  sessionId: facts.id,
  grantId: facts.grantId,
  requestId: facts.requestId,
})
