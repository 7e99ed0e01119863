import { recordEach } from '@sallyport/audit-events/record'
import type { AuditSource } from '@sallyport/audit-events/source'
import type { Secret } from '@sallyport/crypto/secret'
import type { Sql } from '@sallyport/database/sql'
import { isReasonError } from '@sallyport/errors/error'
import type { GrantClaims } from '@sallyport/identity/grant'
import type { SecretKind } from '../domain/secret-material.ts'
import type { TenantKeyRing } from '../sealing/tenant-keys.ts'
import { type DeviceEndpoint, readEndpoints } from '../store/endpoints.ts'
import { lockReleasable, type Releasable } from '../store/releasable.ts'
import { openVersion } from '../store/secret-versions.ts'
import { useUpAll } from '../store/used-grants.ts'

/** A confirmed grant for a session, and the service that redeems it. */
export type Ask = { grant: GrantClaims; source: AuditSource; to: string }

/** What a session needs to sign in to its target. */
export type Released = {
  kind: SecretKind
  secret: Secret
  versionNumber: number
  account: { username: string; domain: string }
  endpoint: DeviceEndpoint
}

type Opened = { ask: Ask; row: Releasable; endpoint: DeviceEndpoint; secret: Secret }

/**
 * Releases secrets for many grants of one tenant in one transaction. Undefined: not this one, for whatever reason; it
 * is as if nobody had asked, and whoever asks again alone learns why.
 */
export const releaseTogether = async (
  sql: Sql,
  ring: TenantKeyRing,
  tenantId: string,
  asks: readonly Ask[],
  now: Date,
): Promise<(Released | undefined)[]> => {
  const opened = await openAll(sql, ring, tenantId, asks)
  const used = await useUpAll(
    sql,
    opened.map(({ ask }) => ask.grant),
    now,
  )
  const released = opened.filter(({ ask, secret }) => {
    const isOurs = used.delete(ask.grant.nonce)
    if (!isOurs) secret.dispose()
    return isOurs
  })
  await recordEach(sql, 'secret.released', released.map(auditOf))
  const answers = new Map(released.map(one => [one.ask, releasedOf(one)]))
  return asks.map(ask => answers.get(ask))
}

const openAll = async (
  sql: Sql,
  ring: TenantKeyRing,
  tenantId: string,
  asks: readonly Ask[],
): Promise<Opened[]> => {
  const rows = await lockReleasable(
    sql,
    tenantId,
    asks.map(({ grant }) => grant),
  )
  const byPair = new Map(rows.map(row => [`${row.credential_id} ${row.device_id}`, row]))
  const endpoints = await readEndpoints(sql, tenantId, [...new Set(rows.map(row => row.device_id))])
  return asks.flatMap(ask => {
    const row = byPair.get(`${ask.grant.credentialId} ${ask.grant.deviceId}`)
    const endpoint = endpoints.get(ask.grant.deviceId)
    const secret = row && endpoint && tryOpen(ring, tenantId, row)
    return secret ? [{ ask, row, endpoint, secret }] : []
  })
}

const tryOpen = (ring: TenantKeyRing, tenantId: string, row: Releasable): Secret | undefined => {
  try {
    return openVersion(ring, tenantId, row)
  } catch (error) {
    if (isReasonError(error, 'sealed_value.refused')) return undefined
    throw error
  }
}

const auditOf = ({ ask: { grant, source, to }, row }: Opened) => ({
  source,
  entry: {
    target: { kind: 'credential', id: grant.credentialId, name: row.username },
    requestId: grant.requestId,
    grantId: grant.grantId,
    details: { version: row.number, action: 'session', device_id: grant.deviceId, to },
  },
})

const releasedOf = ({ row, endpoint, secret }: Opened): Released => ({
  kind: row.secret_kind,
  secret,
  versionNumber: row.number,
  account: row,
  endpoint,
})
