import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChainKeys, createChainKeyFile, readChainKey } from '@sallyport/audit/chain-keys'
import { appendRecords, type NewRecord } from '@sallyport/audit/store/append-records'
import { openPool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { createDevelopmentKeyRing, openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import { addSchema, asAdmin } from '@sallyport/testing/postgres'
import pg from 'pg'
import { inject } from 'vitest'
import { type BackupOptions, makeBackup } from '../src/backup/make-backup.ts'
import { createBackupKeys, type Recipients } from '../src/backup/create-keys.ts'
import { type IdentityFile, readIdentityFile } from '../src/backup/identity-file.ts'
import type { KeyFiles } from '../src/backup/key-material.ts'
import { readSigner } from '../src/backup/signing-key.ts'
import { directoryStore } from '../src/destination/directory-store.ts'
import { schemaNames, schemas } from '../src/schemas.ts'

/** A database with the whole platform’s schemas in it, some rows, keys, and recordings that are none. */
export type Installation = AsyncDisposable & {
  readonly adminUrl: string
  readonly directory: string
  readonly keyFiles: Required<KeyFiles>
  readonly recordingDirectory: string
  readonly tenantId: string
  readonly recipients: Recipients
  readonly recovery: IdentityFile
  readonly prove: IdentityFile
  readonly query: (text: string, params?: readonly unknown[]) => Promise<Record<string, unknown>[]>
  readonly chain: ChainKeys
  /** Adds so many records to the audit trail. */
  readonly extendTrail: (count: number) => Promise<void>
  readonly options: (target: string) => Promise<BackupOptions>
  readonly backUp: (target: string) => ReturnType<typeof makeBackup>
}

export const emptyDatabase = async (
  stack: AsyncDisposableStack,
  { withSchemas = true } = {},
): Promise<{ adminUrl: string; query: Installation['query'] }> => {
  const name = `backup_${randomUUID().replaceAll('-', '')}`
  const server = inject('postgresAdminUrl')
  await asAdmin(server, `create database ${name}`)
  stack.defer(() => asAdmin(server, `drop database ${name} with (force)`))
  const adminUrl = urlOf(server, name)
  if (withSchemas) {
    for (const schema of schemaNames) await addSchema(adminUrl, schema, schemas[schema])
  }
  const client = new pg.Client({ connectionString: adminUrl })
  client.on('error', () => {})
  await client.connect()
  stack.defer(() => client.end())
  return {
    adminUrl,
    query: async (text, params = []) => (await client.query<Record<string, unknown>>(text, [...params])).rows,
  }
}

export const temporaryDirectory = async (stack: AsyncDisposableStack): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-backup-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export const openInstallation = async (): Promise<Installation> => {
  await using stack = new AsyncDisposableStack()
  const database = await emptyDatabase(stack)
  const directory = await temporaryDirectory(stack)
  const at = (name: string): string => join(directory, name)
  const keyFiles = {
    'access-control': at('access-control.json'),
    'vault-root': at('vault-root.json'),
    recordings: at('recordings.json'),
    'audit-chain': at('audit-chain'),
    'ssh-host-key': at('ssh-host-key'),
  }
  for (const name of ['access-control', 'vault-root', 'recordings'] as const)
    await createDevelopmentKeyRing(keyFiles[name])
  await createChainKeyFile(keyFiles['audit-chain'])
  await writeFile(keyFiles['ssh-host-key'], randomBytes(64), { mode: 0o600 })
  const tenantId = randomUUID()
  await addRows(database.query, tenantId, await primaryOf(keyFiles['vault-root']))
  const chain = await readChainKey(keyFiles['audit-chain'])
  const extendTrail = (count: number): Promise<void> => addRecords(database.adminUrl, chain, tenantId, count)
  await extendTrail(5)
  const recordingDirectory = at('recordings')
  await addRecording(recordingDirectory, tenantId)
  const paths = { recovery: at('recovery'), prove: at('prove'), signing: at('signing') }
  const recipients = await createBackupKeys(paths)
  const recovery = stack.use(await readIdentityFile(paths.recovery))
  const prove = stack.use(await readIdentityFile(paths.prove))
  const options = async (target: string): Promise<BackupOptions> => ({
    databaseUrl: database.adminUrl,
    store: directoryStore(target),
    keyFiles,
    recordingDirectory,
    recoveryRecipient: recipients.recovery,
    proveRecipient: recipients.prove,
    signer: await readSigner(paths.signing),
  })
  const owned = stack.move()
  return {
    ...database,
    directory,
    keyFiles,
    recordingDirectory,
    tenantId,
    chain,
    extendTrail,
    recipients,
    recovery,
    prove,
    options,
    backUp: async target => makeBackup(await options(target)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const primaryOf = async (path: string): Promise<string> => (await openFileKeyProvider(path)).primaryKeyId()

/** Rows that are hard to copy: references to later rows, texts that look like the format, bytes, arrays, NULL. */
const addRows = async (query: Installation['query'], tenantId: string, rootKeyId: string): Promise<void> => {
  const [device, parent, child] = [randomUUID(), randomUUID(), randomUUID()]
  await query(
    `insert into vault.devices (id, tenant_id, name, name_key, address, type, site, tags, created_at, updated_at)
     values ($1, $2, E'\\\\.\\n\\\\N\\t"', 'x', '192.0.2.1', 'linux', '', array['a,b', '{', E'\\\\'], now(), now())`,
    [device, tenantId],
  )
  // The child stands before its parent.
  await query(
    `insert into vault.credentials (id, tenant_id, username, domain, type, secret_kind, tags, criticality, notes,
       parent_credential_id, exclusive_custody, created_at, updated_at)
     values ($1, $2, 'a', '', 'local', 'password', '{}', 'low', '', $3, false, now(), now()),
       ($3, $2, 'b', '', 'local', 'password', '{}', 'low', 'é 漢 🙂', null, false, now(), now())`,
    [child, tenantId, parent],
  )
  await query(
    `insert into vault.tenant_keys (id, tenant_id, wrapped_key, root_key_id, is_primary, created_at)
     values ($1, $2, $3, $4, true, now())`,
    [randomUUID(), tenantId, randomBytes(60), rootKeyId],
  )
  await query(
    `insert into access_control.tenants (id, name, description, disabled, operator, version, created_at)
     values ($1, 'one', '', false, true, 1, now())`,
    [tenantId],
  )
  for (let made = 0; made < 3; made += 1)
    await query(
      `insert into vault.outbox (id, topic, key, tenant_id, type, payload) values ($1, 't', 'k', $2, 'T', '\\x00ff')`,
      [randomUUID(), tenantId],
    )
}

const addRecords = async (url: string, chain: ChainKeys, tenantId: string, count: number): Promise<void> => {
  const searched = new URL(url)
  searched.searchParams.set('options', '-c search_path=audit')
  await using pool = openPool({ url: searched.href, applicationName: 'test' })
  const events = Array.from({ length: count }, () => newRecord(tenantId))
  await pgTenantTransaction(pool, tenantId, sql =>
    appendRecords(sql, tenantId, events, { mac: chain.macOf(tenantId), recordedAt: new Date() }),
  )
}

const newRecord = (tenantId: string): NewRecord => ({
  tenantId,
  eventId: randomUUID(),
  code: 'secret.revealed',
  occurredAt: new Date(),
  service: 'vault',
  outcome: 'success',
  actor: { kind: 'user', id: 'u1', name: 'alice', loginSessionId: '', sourceAddress: '' },
  target: { kind: '', id: '', name: '' },
  requestId: '',
  sessionId: '',
  grantId: '',
  correlationId: '',
  details: {},
})

export const addRecording = async (
  directory: string,
  tenantId: string,
  content: Buffer = randomBytes(5_000),
): Promise<string> => {
  const session = randomUUID()
  const folder = join(directory, tenantId, session.slice(-2))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${session}.spr`), content, { mode: 0o600 })
  return `${tenantId}/${session.slice(-2)}/${session}.spr`
}

const urlOf = (url: string, database: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
