import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemaNames } from '../src/schemas.ts'
import { type Environment, type Kind, roleUrls, runMigrations } from './migrate-job.ts'

const every: readonly Kind[] = ['owner', 'app', 'worker']

describe('The migrations of an installation', () => {
  let directory: string
  // Roles belong to a whole server, and those of the run’s server are there already.
  let server: EmbeddedPostgres
  let adminUrl: string

  const asSuperuser = async <T extends pg.QueryResultRow>(sql: string): Promise<readonly T[]> => {
    const client = new pg.Client({ connectionString: server.adminUrl('sallyport') })
    await client.connect()
    try {
      return (await client.query<T>(sql)).rows
    } finally {
      await client.end()
    }
  }
  const connects = async (url: string): Promise<string> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const { rows } = await client.query<{ who: string }>('select current_user as who')
      return rows[0]?.who ?? ''
    } finally {
      await client.end()
    }
  }
  // Passwords need writing as part of a URL.
  const passwords = new Map<string, string>()
  const passwordOf = (role: string): string => {
    const known = passwords.get(role) ?? `${randomBytes(9).toString('base64')}/%@:?#`
    passwords.set(role, known)
    return known
  }
  const environment = (): Environment => ({
    ...roleUrls(adminUrl, every, passwordOf),
    SALLYPORT_ADMIN_DATABASE_URL: adminUrl,
  })

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-migrations-'))
    server = await startEmbeddedPostgres({
      directory,
      settings: { fsync: 'off', logging_collector: 'on', log_statement: 'all' },
    })
    const superuser = new pg.Client({ connectionString: server.adminUrl() })
    await superuser.connect()
    // As a managed PostgreSQL has it: who may create roles is no superuser.
    await superuser.query("create role chief login createrole password 'chief'")
    await superuser.query('create database sallyport owner chief')
    await superuser.end()
    const url = new URL(server.adminUrl('sallyport'))
    url.username = 'chief'
    url.password = 'chief'
    adminUrl = url.href
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  it('are done once where two do them at once, with an administrator who is no superuser', async () => {
    const outcomes = await Promise.all([runMigrations(environment()), runMigrations(environment())])
    expect(outcomes).toMatchObject([
      { status: 0, stderr: '' },
      { status: 0, stderr: '' },
    ])
    const applied = outcomes.flatMap(({ stdout }) => stdout.match(/^[a-z_]+\/\d+_[a-z_]+: applied$/gm) ?? [])
    expect(new Set(applied).size).toBe(applied.length)
    expect(new Set(applied.map(line => line.split('/')[0]))).toEqual(new Set(schemaNames))
  })

  it('make roles that can sign in with their own passwords, and can do nothing else', async () => {
    for (const url of Object.values(roleUrls(adminUrl, every, passwordOf)))
      expect(await connects(url)).toBe(new URL(url).username)
    const mighty = await asSuperuser(
      `select rolname from pg_roles where rolname like 'sallyport%'
       and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)`,
    )
    expect(mighty).toEqual([])
    const memberships = await asSuperuser(
      `select roleid::regrole from pg_auth_members
       where roleid::regrole::text like 'sallyport%' and (inherit_option or set_option)`,
    )
    expect(memberships).toEqual([])
  })

  it('find nothing to do again, and set passwords that have changed', async () => {
    passwords.clear()
    expect(await runMigrations(environment())).toEqual({
      status: 0,
      stdout: 'Every migration was applied before\n',
      stderr: '',
    })
    const { SALLYPORT_VAULT_DATABASE_URL: url = '' } = environment()
    expect(await connects(url)).toBe('sallyport_vault')
  })

  it('take rights away from a role that was made with too many, if a superuser asks', async () => {
    await asSuperuser('alter role sallyport_vault bypassrls')
    const asWhoMayNot = await runMigrations(environment())
    expect(asWhoMayNot.status).toBe(1)
    const mighty = { ...environment(), SALLYPORT_ADMIN_DATABASE_URL: server.adminUrl('sallyport') }
    expect(await runMigrations(mighty)).toMatchObject({ status: 0 })
    const rows = await asSuperuser("select from pg_roles where rolname = 'sallyport_vault' and rolbypassrls")
    expect(rows).toEqual([])
  })

  it('need no administrator where somebody else has made the roles', async () => {
    expect(await runMigrations(roleUrls(adminUrl, ['owner'], passwordOf))).toMatchObject({
      status: 0,
      stdout: 'Every migration was applied before\n',
    })
  })

  it('leave no password in the server’s log', async () => {
    const [row] = await asSuperuser<{ log: string }>('select pg_read_file(pg_current_logfile()) as log')
    expect(row?.log).toContain('create role')
    const written = [...passwords.values()].filter(password => row?.log.includes(password))
    expect(written).toEqual([])
  })

  it('refuse to go on from a migration that has changed, with its name and a status of its own', async () => {
    await asSuperuser("update vault._prisma_migrations set checksum = 'other'")
    const { status, stderr } = await runMigrations(environment())
    expect(status).toBe(65)
    expect(stderr).toMatch(/^Migration vault\/\d+_[a-z_]+ was applied, but its file has changed\n$/)
  })

  it('tell at once everything that is wrong with the configuration, and no URL', async () => {
    const wrong = {
      ...environment(),
      SALLYPORT_VAULT_OWNER_DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1/sallyport',
      SALLYPORT_AUDIT_DATABASE_URL: 'postgresql://sallyport_audit@127.0.0.1/sallyport',
      SALLYPORT_EVENT_LOG_OWNER_DATABASE_URL: '',
    }
    const { status, stderr } = await runMigrations(wrong)
    expect(status).toBe(78)
    expect(stderr).toContain(
      'SALLYPORT_VAULT_OWNER_DATABASE_URL must be a URL with sallyport_vault_owner as its user',
    )
    expect(stderr).toContain('SALLYPORT_AUDIT_DATABASE_URL must have a password')
    expect(stderr).toContain('SALLYPORT_EVENT_LOG_OWNER_DATABASE_URL is not set')
    expect(stderr).not.toMatch(/postgresql:|hunter2/)
  })
})
