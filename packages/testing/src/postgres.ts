import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@sallyport/database/migrate'
import { openPool, type Pool } from '@sallyport/database/pool'
import { type RoleKind, roleName } from '@sallyport/database/roles'
import pg from 'pg'
import { inject } from 'vitest'
import type { Schema } from './roles.ts'

/** A database of its own with a service's schema, migrated. Disposing it closes its pools and drops it. */
export type TestDatabase = AsyncDisposable & {
  readonly schema: Schema
  readonly url: (kind: RoleKind) => string
  /** URL of the superuser, for what no service may do. */
  readonly adminUrl: string
  readonly appPool: Pool
  readonly workerPool: Pool
  readonly ownerPool: Pool
  readonly adminPool: Pool
}

/**
 * Makes a database for a test file.
 * @param migrations the service's `prisma/migrations`; other schemas can be added with `addSchema`
 */
export const testDatabase = async (
  schema: Schema,
  migrations: string = migrationsOf(schema),
): Promise<TestDatabase> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(adminUrlOf('postgres'), `create database ${name}`)
  const adminUrl = adminUrlOf(name)
  await addSchema(adminUrl, schema, migrations)
  const url = (kind: RoleKind): string => roleUrl(adminUrl, schema, kind)
  const pools = {
    appPool: openPool({ url: url('app'), applicationName: 'test app' }),
    workerPool: openPool({ url: url('worker'), applicationName: 'test worker' }),
    ownerPool: openPool({ url: url('owner'), applicationName: 'test owner', max: 2 }),
    adminPool: openPool({ url: adminUrl, applicationName: 'test admin', max: 2 }),
  }
  return {
    schema,
    url,
    adminUrl,
    ...pools,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(Object.values(pools).map(pool => pool.end()))
      await asAdmin(adminUrlOf('postgres'), `drop database ${name} with (force)`)
    },
  }
}

/** Adds another schema to a test database: the event log, say, or a second service. */
export const addSchema = async (
  adminUrl: string,
  schema: Schema,
  migrations: string = migrationsOf(schema),
): Promise<void> => {
  const [owner, app, worker] = (['owner', 'app', 'worker'] as const).map(kind => roleName(schema, kind))
  await asAdmin(
    adminUrl,
    `create schema ${schema} authorization ${owner}; grant usage on schema ${schema} to ${app}, ${worker}`,
  )
  if (existsSync(migrations))
    await migrate({ url: roleUrl(adminUrl, schema, 'owner'), schema, directory: migrations })
}

const migrationsOf = (schema: Schema): string =>
  join(import.meta.dirname, '../../../services', schema.replaceAll('_', '-'), 'prisma/migrations')

const roleUrl = (adminUrl: string, schema: Schema, kind: RoleKind): string => {
  const url = new URL(adminUrl)
  url.username = roleName(schema, kind)
  url.password = kind
  return url.href
}

const adminUrlOf = (database: string): string => {
  const url = new URL(inject('postgresAdminUrl'))
  url.pathname = `/${database}`
  return url.href
}

/** Runs one statement on a connection of its own. */
export const asAdmin = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
