import type { Database } from '../store/database.ts'

type Deps = { database: Pick<Database, 'asWorker'>; now: () => Date }

/** Far beyond any difference between clocks: a nonce forgotten too early could be used twice. */
const KEEP_MS = 3_600_000

/** Deletes nonces and tickets of grants that have long expired. */
export const forgetExpired = async ({ database, now }: Deps): Promise<void> => {
  const before = new Date(now().getTime() - KEEP_MS)
  await database.asWorker(async sql => {
    await sql.query('delete from used_nonces where expires_at < $1', [before])
    await sql.query('delete from reveal_tickets where expires_at < $1', [before])
  })
}
