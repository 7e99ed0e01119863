import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './lockfile.ts'

/** What may stand in a statement besides its text: constants and names of our own, never a value. */
const constants: Readonly<Record<string, readonly string[]>> = {
  'packages/database/src/idempotency.ts': ['keepHours'],
  'packages/events/src/postgres-log-subscription.ts': ['batchSize'],
  'packages/database/src/roles.ts': ['name', 'owner', "users.join(', ')", 'role', 'attributes'],
  // `begin` takes no parameters; the id is escaped by the driver.
  'packages/database/src/transaction.ts': ['client.escapeLiteral(tenantId)'],
  'services/access-control/src/grants/notify.ts': ['channel'],
  'services/access-control/src/store/failures.ts': ['ofUser'],
  'services/access-control/src/store/login-end.ts': ['byEnabledUser'],
  'services/access-control/src/store/store.ts': ['lock'],
  'services/access-control/src/store/token-holders.ts': ['person', 'byEnabledUser'],
  'services/access-control/src/store/revocations.ts': ['revocationBatch'],
  'services/audit/src/store/append-records.ts': ['columnNames', 'macBytes'],
  'services/audit/src/store/database-trail.ts': ['pageSize'],
  'services/audit/src/store/checkpoints.ts': ['columns'],
  'services/audit/src/store/destinations.ts': ['columns'],
  // Conditions are constants too; their values are parameters.
  'services/audit/src/store/records.ts': ['columns', "where.join(' and ')", 'bind(page.limit)'],
  'services/execution/src/store/job-rows.ts': ['held'],
  // Names of tables and columns from PostgreSQL’s own catalogue, which the driver has quoted.
  'services/maintenance/src/store/count-rows.ts': ['sqlName(client, table)'],
  'services/maintenance/src/store/load.ts': ['name', 'sqlName(client, table)', 'sqlColumns(client, backup)'],
  'services/maintenance/src/store/snapshot.ts': [
    'names',
    'sqlName(client, table)',
    'sqlColumns(client, table)',
  ],
  'services/maintenance/src/store/applied-migrations.ts': ['client.escapeIdentifier(schema)'],
  'services/standalone/src/database.ts': ['databaseName'],
  'services/vault/src/sealing/tenant-keys.ts': ['lock'],
  'services/vault/src/store/custodies.ts': ['columns'],
  'services/vault/src/store/key-rotations.ts': ['columns'],
  'services/vault/src/store/rotations.ts': ['columns'],
  'services/vault/src/store/secret-versions.ts': ['columns'],
  'services/vault/src/store/usable-credentials.ts': ["mode === 'share' ? 'share' : 'update'"],
}

const statement =
  /^`\s*(?:select|insert\s+into|update\s+\w+\s+set|delete\s+from|with\s+\w+\s+as|create|alter|drop|grant|listen|notify|begin|set|copy|truncate)\b/i

const files = globSync('{packages,services}/*/src/**/*.ts', {
  cwd: root,
  exclude: path => /(?:\.test\.ts|generated|packages\/testing)$/.test(path),
})

describe('S-IN-07: no statement is built from values', () => {
  it.each(files.filter(path => /`/.test(readFileSync(join(root, path), 'utf8'))))('%s', path => {
    const text = readFileSync(join(root, path), 'utf8')
    const statements = [...text.matchAll(/`(?:[^`\\]|\\.)*`/gs)]
      .map(([found]) => found)
      .filter(found => statement.test(found))
    const inserted = statements.flatMap(found =>
      [...found.matchAll(/\$\{([^}]*)\}/g)].map(([, what = '']) => what),
    )
    expect(inserted.filter(what => !constants[path]?.includes(what))).toEqual([])
    expect(text).not.toMatch(/\bquery\w*\(\s*(?:'[^']*'|"[^"]*"|`[^`]*`)\s*\+/i)
  })
})
