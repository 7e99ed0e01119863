import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { appendCheckpoint, readCheckpointFile } from '@sallyport/audit/checkpoints/checkpoint-files'
import { runVerify } from '@sallyport/audit/verify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkBackup } from '../src/backup/check-backup.ts'
import { keyNames } from '../src/backup/key-material.ts'
import { latestBackup } from '../src/backup/layout.ts'
import { makeBackup } from '../src/backup/make-backup.ts'
import { proveBackup } from '../src/backup/prove-backup.ts'
import { type RestoreOptions, restoreBackup } from '../src/backup/restore-backup.ts'
import { directoryStore } from '../src/destination/directory-store.ts'
import { replacePrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import { roleName } from '@sallyport/database/roles'
import { schemaNames } from '../src/schemas.ts'
import {
  addRecording,
  emptyDatabase,
  type Installation,
  openInstallation,
  temporaryDirectory,
} from './installation.ts'

const stack = new AsyncDisposableStack()
let installation: Installation
let target: string
let original: Record<string, unknown>

beforeAll(async () => {
  installation = stack.use(await openInstallation())
  target = await temporaryDirectory(stack)
  await installation.backUp(target)
  original = await contentsOf(installation.query)
})
afterAll(() => stack.disposeAsync())

type Restored = { options: RestoreOptions; query: Installation['query']; directory: string }

const place = async (own: AsyncDisposableStack, from: Installation, store: string): Promise<Restored> => {
  const directory = await temporaryDirectory(own)
  const database = await emptyDatabase(own, { withSchemas: false })
  const names = Object.keys(from.keyFiles)
  return {
    directory,
    query: database.query,
    options: {
      adminUrl: database.adminUrl,
      store: directoryStore(store),
      signer: from.recipients.signer,
      identity: from.recovery.identity,
      keyFiles: Object.fromEntries(names.map(name => [name, join(directory, 'keys', name)])),
      recordingDirectory: join(directory, 'recordings'),
    },
  }
}

/** Everything in the database, as text, without what a restore adds. */
const contentsOf = async (query: Installation['query']): Promise<Record<string, unknown>> => {
  const tables = await query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('event_log', 'access_control', 'vault', 'execution', 'session_proxy', 'audit')
       and tablename <> '_prisma_migrations' and (schemaname, tablename) <> ('audit', 'outbox') order by 1`,
  )
  const contents: Record<string, unknown> = {}
  for (const { name } of tables)
    contents[String(name)] = await query(`select row::text from ${String(name)} as row order by 1`)
  return contents
}

describe('A backup', () => {
  it('comes back whole: rows, keys, recordings, rights and the next value of every sequence', async () => {
    await using own = new AsyncDisposableStack()
    const restored = await place(own, installation, target)
    const report = await restoreBackup(restored.options)
    expect(await contentsOf(restored.query)).toEqual(original)
    for (const [name, path] of Object.entries(installation.keyFiles))
      expect(await readFile(join(restored.directory, 'keys', name))).toEqual(await readFile(path))
    const [path = ''] = (await readdir(installation.recordingDirectory, { recursive: true })).filter(name =>
      name.endsWith('.spr'),
    )
    expect(await readFile(join(restored.directory, 'recordings', path))).toEqual(
      await readFile(join(installation.recordingDirectory, path)),
    )
    expect(report).toMatchObject({ recordings: 1 })
    const next = `insert into vault.outbox (id, topic, key, tenant_id, type, payload)
      values (gen_random_uuid(), 't', 'k', gen_random_uuid(), 'T', '') returning position`
    expect(await restored.query(next)).toEqual([{ position: '4' }])
    const security = `select relname, relrowsecurity, relforcerowsecurity, tgenabled from pg_class
      left join pg_trigger on tgrelid = pg_class.oid and not tgisinternal
      where relnamespace = any('{vault,access_control,audit}'::regnamespace[]) and relkind = 'r' order by 1, 4`
    expect(await restored.query(security)).toEqual(await installation.query(security))
  })

  it('is of one moment, whatever is written meanwhile', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const options = await installation.options(store)
    let written = false
    const report = await makeBackup({
      ...options,
      store: {
        ...options.store,
        put: async (name, content) => {
          if (!written) await installation.extendTrail(3)
          written = true
          await options.store.put(name, content)
        },
      },
    })
    const [head] = await installation.query('select sequence from audit.heads')
    const identity = installation.recovery.identity
    const signer = installation.recipients.signer
    const { manifest } = await checkBackup(options.store, { id: report.id, signer, identity })
    const records = manifest.tables.find(({ schema, name }) => schema === 'audit' && name === 'records')
    expect(manifest.heads).toMatchObject([{ sequence: Number(head?.['sequence']) - 3 }])
    expect(records?.rows).toBe(manifest.heads[0]?.sequence)
  })

  it('holds nothing in clear, and no key that the proving key opens', async () => {
    const files = await readdir(target, { recursive: true, withFileTypes: true })
    const ring = await readFile(installation.keyFiles['vault-root'], 'utf8')
    const [, key = ''] = /"key": "([^"]+)"/.exec(ring) ?? []
    expect(key).not.toBe('')
    for (const file of files.filter(one => one.isFile())) {
      const content = await text(createReadStream(join(file.parentPath, file.name)))
      expect(content).not.toContain(key)
      expect(content).not.toContain('192.0.2.1')
    }
    await using own = new AsyncDisposableStack()
    const restored = await place(own, installation, target)
    const { identity } = installation.prove
    await expect(restoreBackup({ ...restored.options, identity })).rejects.toThrow(
      'This key does not open the backup',
    )
    expect(await restored.query(`select from pg_namespace where nspname = 'vault'`)).toEqual([])
  })

  it('sends recordings once', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const content = randomBytes(1_000_000)
    const path = await addRecording(installation.recordingDirectory, installation.tenantId, content)
    const first = await installation.backUp(store)
    const again = await installation.backUp(store)
    await rm(join(installation.recordingDirectory, path))
    expect(again).toMatchObject({ recordings: 2 })
    expect(again.sentBytes).toBeLessThan(first.sentBytes - content.byteLength + 1_000)
  })

  it('is refused to a role that would be shown less than everything', async () => {
    const own = await installation.options(target)
    const url = new URL(installation.adminUrl)
    url.username = 'sallyport_vault_worker'
    url.password = 'worker'
    await expect(makeBackup({ ...own, databaseUrl: url.href })).rejects.toThrow(
      /sallyport_vault_worker may not read everything.*bypassrls/s,
    )
  })

  it('is refused with keys that are not those of the database', async () => {
    const own = await installation.options(target)
    const keyFiles = { ...own.keyFiles, 'vault-root': installation.keyFiles.recordings }
    await expect(makeBackup({ ...own, keyFiles })).rejects.toThrow('key file is not this database’s')
  })

  it('waits for keys that are being rotated, and is not made while they change all the time', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const path = installation.keyFiles['ssh-host-key']
    const kept = Secret.of(await readFile(path))
    const over = new AbortController()
    const change = async (): Promise<void> => {
      while (!over.signal.aborted) await replacePrivateFile(path, Secret.of(randomBytes(64)))
    }
    const changing = change()
    const made = installation.backUp(store).finally(() => over.abort())
    await expect(made).rejects.toThrow('change all the time')
    await changing
    await replacePrivateFile(path, kept)
    await installation.backUp(store)
  })
})

describe('A restore', () => {
  it('refuses an installation that is not empty, and changes nothing', async () => {
    await using own = new AsyncDisposableStack()
    const restored = await place(own, installation, target)
    const { adminUrl } = installation
    const before = await contentsOf(installation.query)
    await expect(restoreBackup({ ...restored.options, adminUrl })).rejects.toThrow(
      'There is an installation in this database already',
    )
    expect(await contentsOf(installation.query)).toEqual(before)
  })

  it('needs no superuser, only a role that may become every other of the platform', async () => {
    await using own = new AsyncDisposableStack()
    const name = `restorer_${randomBytes(6).toString('hex')}`
    const roles = schemaNames.flatMap(schema =>
      (['owner', 'app', 'worker'] as const).map(kind => roleName(schema, kind)),
    )
    await installation.query(`create role ${name} login createrole password 'restorer'`)
    own.defer(async () => void (await installation.query(`drop role ${name}`)))
    await installation.query(`grant ${roles.join(', ')} to ${name} with admin true, inherit true, set true`)
    const restored = await place(own, installation, target)
    const url = new URL(restored.options.adminUrl)
    await restored.query(`grant create on database ${url.pathname.slice(1)} to ${name}`)
    url.username = name
    url.password = 'restorer'
    await restoreBackup({ ...restored.options, adminUrl: url.href })
    expect(await contentsOf(restored.query)).toEqual(original)
  })

  it('refuses a key file that is there with another key, and recordings of somebody else', async () => {
    await using own = new AsyncDisposableStack()
    const restored = await place(own, installation, target)
    await mkdir(join(restored.directory, 'keys'))
    await writeFile(join(restored.directory, 'keys/audit-chain'), 'another', { mode: 0o600 })
    await expect(restoreBackup(restored.options)).rejects.toThrow('is there already, with another key')
    await addRecording(join(restored.directory, 'recordings'), installation.tenantId)
    await expect(restoreBackup(restored.options)).rejects.toThrow('There are recordings')
  })

  it('that was broken off goes on when it is repeated', async () => {
    await using own = new AsyncDisposableStack()
    const restored = await place(own, installation, target)
    const { store } = restored.options
    let reads = 0
    const broken = {
      ...store,
      get: async (name: string, maxBytes: number): Promise<Buffer> => {
        const content = await store.get(name, maxBytes)
        // The first time is the check.
        if (/audit\.records/.test(name)) reads += 1
        if (reads === 2) throw new Error('gone')
        return content
      },
    }
    await expect(restoreBackup({ ...restored.options, store: broken })).rejects.toThrow('gone')
    expect(await restored.query('select from vault.devices')).toEqual([])
    await restoreBackup(restored.options)
    expect(await contentsOf(restored.query)).toEqual(original)
  })

  it('refuses a backup of another signer, whatever the manifest says of itself', async () => {
    await using own = new AsyncDisposableStack()
    await using other = await openInstallation()
    const restored = await place(own, installation, target)
    const { signer } = other.recipients
    await expect(restoreBackup({ ...restored.options, signer })).rejects.toThrow('another installation’s')
  })

  it('refuses a backup with an object that is missing, cut off, exchanged or changed by one bit', async () => {
    const id = await latestBackup(directoryStore(target))
    const folder = join(target, 'backups', id)
    const check = (): Promise<unknown> =>
      checkBackup(directoryStore(target), {
        id,
        signer: installation.recipients.signer,
        identity: installation.recovery.identity,
      })
    const files = (await readdir(target, { recursive: true, withFileTypes: true }))
      .filter(
        one => one.isFile() && one.name !== 'manifest' && !one.parentPath.includes(`${target}/backups/`),
      )
      .map(one => join(one.parentPath, one.name))
    const inFolder = (await readdir(folder)).map(name => join(folder, name))
    const [first = '', second = ''] = inFolder
    await check()
    for (const path of [...inFolder, ...files]) {
      const whole = await readFile(path)
      const flipped = Buffer.from(whole)
      const at = Math.floor(Math.random() * whole.byteLength)
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << Math.floor(Math.random() * 8)), at)
      for (const bad of [
        flipped,
        whole.subarray(0, -1),
        Buffer.concat([whole, Buffer.from('x')]),
        undefined,
      ]) {
        if (bad) await writeFile(path, bad)
        else await rm(path)
        await expect(check(), path).rejects.toThrow(/changed|cut off|larger|missing|another installation/)
      }
      await writeFile(path, whole)
    }
    const [one, two] = [await readFile(first), await readFile(second)]
    await writeFile(first, two)
    await writeFile(second, one)
    await expect(check()).rejects.toThrow()
    await writeFile(first, one)
    await writeFile(second, two)
    await check()
  })

  it('refuses an older manifest under the name of a newer one', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const [older, newer] = [await installation.backUp(store), await installation.backUp(store)]
    const at = (id: string): string => join(store, 'backups', id, 'manifest')
    await writeFile(at(newer.id), await readFile(at(older.id)))
    const { signer } = installation.recipients
    const { identity } = installation.recovery
    const check = checkBackup(directoryStore(store), { id: newer.id, signer, identity })
    await expect(check).rejects.toThrow('exchanged')
  })

  it('takes no backup without a manifest for one', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const { id } = await installation.backUp(store)
    const unfinished = await installation.backUp(store)
    await rm(join(store, 'backups', unfinished.id, 'manifest'))
    expect(await latestBackup(directoryStore(store))).toBe(id)
  })
})

describe('A restore of a time before the audit trail’s last checkpoints', () => {
  it('is refused, and said in the trail where it is accepted; without that audit verify finds it', async () => {
    await using own = new AsyncDisposableStack()
    const [store, checkpointDirectory] = [await temporaryDirectory(own), await temporaryDirectory(own)]
    const { tenantId, chain } = installation
    const sign = async (): Promise<number> => {
      const [head] = await installation.query('select sequence, mac from audit.heads')
      const sequence = Number(head?.['sequence'])
      const mac = head?.['mac'] as Buffer
      await appendCheckpoint(
        checkpointDirectory,
        chain.signCheckpoint({ tenantId, sequence, mac, signedAt: new Date() }),
      )
      return sequence
    }
    const before = await sign()
    await installation.backUp(store)
    await installation.extendTrail(4)
    const after = await sign()
    const verify = async (options: RestoreOptions): Promise<string> => {
      const lines: string[] = []
      const args = ['--key-file', installation.keyFiles['audit-chain'], '--checkpoints', checkpointDirectory]
      const environment = { SALLYPORT_AUDIT_VERIFY_DATABASE_URL: options.adminUrl }
      const code = await runVerify(args, environment, line => lines.push(line))
      return `${code} ${lines.join()}`
    }

    const silent = await place(own, installation, store)
    await restoreBackup(silent.options)
    expect(await verify(silent.options)).toContain(`the trail was cut off: record ${before + 1}`)

    const told = await place(own, installation, store)
    const options = { ...told.options, checkpointDirectory }
    await expect(restoreBackup(options)).rejects.toThrow(`records ${before + 1} to ${after} at least`)
    await restoreBackup({ ...options, acceptLoss: true })
    expect(await verify(told.options)).toContain(`0 tenant ${tenantId}: ok, ${before} records`)
    expect(await readCheckpointFile(checkpointDirectory, tenantId)).toMatchObject([{ sequence: before }])
    const aside = (await readdir(checkpointDirectory)).filter(name => name.includes('lost-by'))
    expect(aside).toHaveLength(1)
    const [event] = await told.query('select topic, payload from audit.outbox')
    expect(event?.['topic']).toBe('sallyport.audit-intake.v1')
    expect(String(event?.['payload'])).toContain('installation.restored')
  })
})

describe('A proof', () => {
  const prove = async (store: string): ReturnType<typeof proveBackup> => {
    await using own = new AsyncDisposableStack()
    const scratchDirectory = await temporaryDirectory(own)
    await chmod(scratchDirectory, 0o711)
    return await proveBackup({
      store: directoryStore(store),
      signer: installation.recipients.signer,
      identity: installation.prove.identity,
      chainKeyFile: installation.keyFiles['audit-chain'],
      scratchDirectory,
    })
  }

  it('tells the recovery point and time, with the key that opens no key', async () => {
    const proof = await prove(target)
    expect(proof).toMatchObject({ differences: [], recordings: 1, auditRecords: 5, keys: keyNames })
    expect(proof.rows).toBeGreaterThan(10)
    expect(proof.recoveryTimeSeconds).toBeGreaterThan(0)
    expect(proof.recoveryPointSeconds).toBeGreaterThan(0)
  })

  it('names an audit record that was changed before the backup was made', async () => {
    await using own = new AsyncDisposableStack()
    const store = await temporaryDirectory(own)
    const change = 'update audit.records set actor_name = $1 where sequence = 2'
    await installation.query(change, ['mallory'])
    await installation.backUp(store)
    await installation.query(change, ['alice'])
    expect((await prove(store)).differences).toEqual([expect.stringMatching(/^audit: .*record 2 was edited/)])
  })
})
