import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { createTestRoles } from './roles.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the superuser of the run's PostgreSQL. */
    postgresAdminUrl: string
  }
}

/** Starts one PostgreSQL for the whole run, with every service's roles; each test file makes databases of its own. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-test-postgres-'))
  const server = await startEmbeddedPostgres({
    directory,
    // Nothing in the run survives it. What must survive a crash is tested on a server of its own, with fsync.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  })
  const admin = new pg.Client({ connectionString: server.adminUrl() })
  await admin.connect()
  await createTestRoles(admin)
  await admin.end()
  project.provide('postgresAdminUrl', server.adminUrl())
  return async () => {
    await server[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
}
