import { randomUUID } from 'node:crypto'
import { migrate, readMigrations } from '@sallyport/database/migrate'
import { roleName } from '@sallyport/database/roles'
import { addSchema } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBackup } from '../src/backup/make-backup.ts'
import { restoreBackup } from '../src/backup/restore-backup.ts'
import { directoryStore } from '../src/destination/directory-store.ts'
import { type SchemaName, schemaNames, schemas } from '../src/schemas.ts'
import { emptyDatabase, type Installation, openInstallation, temporaryDirectory } from './installation.ts'

const stack = new AsyncDisposableStack()
let installation: Installation
let old: Awaited<ReturnType<typeof emptyDatabase>>
let store: string

/** As it was in the first version. */
const migrateFirst = async (adminUrl: string, schema: SchemaName): Promise<void> => {
  await addSchema(adminUrl, schema, 'nowhere')
  const [first] = await readMigrations(schemas[schema])
  const url = new URL(adminUrl)
  url.searchParams.set('options', `-c role=${roleName(schema, 'owner')}`)
  await migrate({ url: url.href, schema, directory: schemas[schema], only: [first?.name ?? ''] })
}

beforeAll(async () => {
  installation = stack.use(await openInstallation())
  old = await emptyDatabase(stack, { withSchemas: false })
  for (const schema of schemaNames) await migrateFirst(old.adminUrl, schema)
  store = await temporaryDirectory(stack)
})
afterAll(() => stack.disposeAsync())

const backUp = async (): Promise<void> => {
  const options = await installation.options(store)
  await makeBackup({ ...options, databaseUrl: old.adminUrl, keyFiles: {}, recordingDirectory: undefined })
}
const restore = async (adminUrl: string): Promise<unknown> =>
  restoreBackup({
    adminUrl,
    store: directoryStore(store),
    signer: installation.recipients.signer,
    identity: installation.recovery.identity,
    keyFiles: {},
  })

describe('A backup of an older version', () => {
  it('is restored to what it was, and then brought further: later migrations see its rows', async () => {
    const [tenant, user, group] = [randomUUID(), randomUUID(), randomUUID()]
    await old.query(
      `insert into access_control.tenants (id, name, description, disabled, operator, version, created_at)
       values ($1, 'one', '', false, true, 1, now())`,
      [tenant],
    )
    await old.query(
      `insert into access_control.user_groups (id, tenant_id, name, description, user_ids, version, created_at)
       values ($1, $2, 'group', '', array[$3::uuid], 1, now())`,
      [group, tenant, user],
    )
    await backUp()
    await using own = new AsyncDisposableStack()
    const restored = await emptyDatabase(own, { withSchemas: false })
    await restore(restored.adminUrl)
    // A table that there was not, filled by the migration that made it.
    expect(await restored.query('select * from access_control.memberships')).toEqual([
      { tenant_id: tenant, member_id: user, group_id: group },
    ])
  })

  it('is refused by a database that is further, since later migrations would not see its rows', async () => {
    await using own = new AsyncDisposableStack()
    const restored = await emptyDatabase(own)
    await expect(restore(restored.adminUrl)).rejects.toThrow(/has migration .* already/)
  })
})

describe('A backup of a newer version', () => {
  it('is refused, and says which migration is missing', async () => {
    await old.query(
      `insert into vault._prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ('x', $1, '2099_later', now(), 1)`,
      ['a'.repeat(64)],
    )
    await backUp()
    await using own = new AsyncDisposableStack()
    const restored = await emptyDatabase(own, { withSchemas: false })
    await expect(restore(restored.adminUrl)).rejects.toThrow(
      'migration vault/2099_later, which this version has not',
    )
    expect(await restored.query(`select from pg_namespace where nspname = 'vault'`)).toEqual([])
  })
})
