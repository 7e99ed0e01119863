import { TargetsChanged } from '@sallyport/contracts/events/v1/domain'
import type { Sql } from '@sallyport/database/sql'
import type { EventRecord } from '@sallyport/events/event-record'

/** A credential that is gone needs no policy, and nothing that waits for it. */
export const onTargetsChanged = async (event: EventRecord, sql: Sql): Promise<void> => {
  const { credentialId, deleted } = TargetsChanged.decode(event.payload)
  if (!deleted || credentialId === '') return
  await sql.query('delete from rotation_policies where credential_id = $1::uuid', [credentialId])
  await sql.query(
    `update operations set state = 'canceled', ended_at = now(), version = version + 1,
       message = 'The credential was deleted'
     where credential_id = $1::uuid and state in ('scheduled', 'unknown')`,
    [credentialId],
  )
}
