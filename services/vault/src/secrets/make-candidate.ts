import { randomBytes } from 'node:crypto'
import { recordAudit } from '@sallyport/audit-events/record'
import type { AuditSource } from '@sallyport/audit-events/source'
import { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import { generatePassword } from '../domain/generate-password.ts'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'
import { insertVersion, newestVersions, openVersion } from '../store/secret-versions.ts'
import { rulesOf } from '../store/strength-profiles.ts'
import type { UsableCredential } from '../store/usable-credentials.ts'

/** A made password differs from as many of the account's last ones. */
const HISTORY = 10

type Candidate = { id: string; tenantId: string; operationId: string; now: Date }

/** Makes a password by the credential's rules and seals it as a candidate, before any target hears of it. */
export const makeCandidate = async (
  sql: Sql,
  source: AuditSource,
  ring: TenantKeyRing,
  credential: UsableCredential,
  { id, tenantId, operationId, now }: Candidate,
): Promise<{ secret: Secret; number: number }> => {
  const rules = await rulesOf(sql, tenantId, credential.strengthProfileId)
  const versions = await newestVersions(sql, tenantId, credential.id, HISTORY)
  const former = versions.map(version => openVersion(ring, tenantId, version))
  const isTaken = (password: Uint8Array): boolean => {
    using made = Secret.copyOf(password)
    return former.some(one => one.equals(made))
  }
  const secret = Secret.of(generatePassword(rules, randomBytes, isTaken))
  for (const one of former) one.dispose()
  const version = { id, tenantId, credentialId: credential.id, state: 'candidate', secret, now } as const
  const number = await insertVersion(sql, ring, { ...version, origin: { operationId } })
  await recordAudit(sql, source, 'secret.stored', {
    target: { kind: 'credential', id: credential.id, name: credential.username },
    details: { version: number, origin: 'rotation', kind: credential.secretKind },
  })
  return { secret, number }
}
