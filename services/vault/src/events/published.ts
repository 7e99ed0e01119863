import { CustodyEnded, SecretRevealed, TargetsChanged } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import { appendEvent } from '@sallyport/events/outbox'

export const vaultTopic = 'sallyport.vault.v1'

/** Attributes that criteria look at changed, or the device or credential is gone. */
export const publishTargetsChanged = (
  sql: Sql,
  tenantId: string,
  changed: ({ deviceId: string } | { credentialId: string }) & { deleted: boolean },
): Promise<void> => {
  const deviceId = 'deviceId' in changed ? changed.deviceId : ''
  const credentialId = 'credentialId' in changed ? changed.credentialId : ''
  const payload = TargetsChanged.encode({ tenantId, deviceId, credentialId, deleted: changed.deleted })
  return append(sql, tenantId, deviceId || credentialId, 'TargetsChanged', payload)
}

/** A person saw a secret. */
export const publishSecretRevealed = (sql: Sql, event: SecretRevealed): Promise<void> =>
  append(sql, event.tenantId, event.credentialId, 'SecretRevealed', SecretRevealed.encode(event))

/** Somebody does not hold a credential any more. */
export const publishCustodyEnded = (sql: Sql, event: CustodyEnded): Promise<void> =>
  append(sql, event.tenantId, event.credentialId, 'CustodyEnded', CustodyEnded.encode(event))

const append = (
  sql: Sql,
  tenantId: string,
  key: string,
  type: string,
  encoded: { finish(): Uint8Array },
): Promise<void> => appendEvent(sql, { topic: vaultTopic, key, tenantId, type, payload: encoded.finish() })
