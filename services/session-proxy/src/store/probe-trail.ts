import { randomUUID } from 'node:crypto'
import { auditIntakeTopic } from '@sallyport/audit-events/record'
import { appendEvent } from '@sallyport/events/outbox'
import type { Database } from './database.ts'

class Undone extends Error {}

/** Does everything that recording an event takes, up to its commit, and takes it back. Fails as recording would fail. */
export const probeTrail =
  (database: Pick<Database, 'sqlInTenant'>) =>
  (tenantId: string): Promise<void> =>
    database
      .sqlInTenant(tenantId, async sql => {
        const id = randomUUID()
        await appendEvent(sql, {
          id,
          topic: auditIntakeTopic,
          key: id,
          tenantId,
          type: 'Probe',
          payload: new Uint8Array(),
        })
        await sql.query('set constraints all immediate', [])
        throw new Undone()
      })
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Undone)) throw thrown
      })
