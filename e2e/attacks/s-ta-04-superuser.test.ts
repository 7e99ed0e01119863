import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiProblem } from '@sallyport/api-client/api'
import type { Person } from '@sallyport/standalone/demo/person'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loginAt, sessionsOf } from '../support/door.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard, type Guarded, openStage, type Stage } from '../support/stage.ts'
import { connectSuperuser, type Superuser } from '../support/superuser.ts'

const stack = new AsyncDisposableStack()
let stage: Stage
let db: Superuser
let alice: Person
let first: Guarded
let second: Guarded
let tenantId: string
let sessionId: string

beforeAll(async () => {
  stage = stack.use(await openStage())
  db = stack.use(await connectSuperuser(stage.platform))
  const host = stack.use(await openSmallHost())
  const { api } = stage.admin
  tenantId = (await api.get<{ tenantId: string }>('/me')).tenantId
  alice = await stage.person('alice')
  first = await guard(api, host, 'tampering')
  second = await guard(api, host, 'tampering')
  await allow(api, 'tampering', [alice], { view: { allowed: true }, session: { allowed: true } })
  const shell = await runLibraryShell(await loginAt(stage.platform, alice, host.account, first))
  shell.write('echo sum $((6*7)); exit\n')
  await shell.exit
  sessionId = await eventually(async () => {
    const [session] = await sessionsOf(api, alice)
    return session?.state === 'ended' && session.id
  })
  await eventually(async () => (await codesOf(sessionId)).includes('session.ended'))
})
afterAll(() => stack.disposeAsync())

const codesOf = async (id: string): Promise<string[]> => {
  const { items } = await stage.admin.api.get<{ items: { code: string }[] }>(`/audit/records?sessionId=${id}`)
  return items.map(({ code }) => code)
}

describe('S-TA-04: what a superuser does to the trail is found by audit verify, a program of its own', () => {
  const keep = 'create table kept_records as select * from audit.records'
  const restore = [
    'delete from audit.records',
    'insert into audit.records select * from kept_records',
    'drop table kept_records',
  ]
  const inTenant = (sequence: number): string => `tenant_id = '${tenantId}' and sequence = ${sequence}`
  const move = (from: number, to: number): string =>
    `update audit.records set sequence = ${to} where ${inTenant(from)}`

  test('finds nothing wrong with the trail of a platform in use', async () => {
    const { intact, says } = await verifyTrail(stage.platform)
    expect(says).toMatch(new RegExp(`tenant ${tenantId}: ok, \\d+ records, \\d+ checkpoints`))
    expect(intact).toBe(true)
    console.log(`audit verify: ${says}`)
  })

  test.each<[string, (last: number) => readonly string[], (last: number) => string]>([
    [
      'an edited column',
      () => [`update audit.records set actor_name = 'mallory' where ${inTenant(5)}`],
      () => 'record 5 was edited',
    ],
    [
      'an edited body',
      () => [
        `update audit.records set body = overlay(body placing '\\x58'::bytea from 20) where ${inTenant(3)}`,
      ],
      () => 'record 3 was edited',
    ],
    ['a deleted row', () => [`delete from audit.records where ${inTenant(7)}`], () => 'record 7 was removed'],
    [
      'the first row deleted',
      () => [`delete from audit.records where ${inTenant(1)}`],
      () => 'record 1 was removed',
    ],
    [
      'two rows that changed places',
      () => [move(4, -1), move(9, 4), move(-1, 9)],
      () => 'record 4 is not in its place',
    ],
    [
      'the last rows cut off',
      last => [`delete from audit.records where tenant_id = '${tenantId}' and sequence > ${last - 3}`],
      last => `record ${last - 2} and what followed it is gone`,
    ],
    [
      'the last rows cut off, and the head set back with them',
      last => [
        `delete from audit.records where tenant_id = '${tenantId}' and sequence > ${last - 3}`,
        `update audit.heads h set (sequence, mac) = (select sequence, mac from audit.records r
          where r.tenant_id = h.tenant_id and sequence = ${last - 3}) where tenant_id = '${tenantId}'`,
      ],
      last => `record ${last - 2} and what followed it is gone`,
    ],
  ])('names the first bad record: %s', async (_title, tamper, finding) => {
    const last = await signedEnd()
    await db.query(keep)
    await db.query('create table kept_heads as select * from audit.heads')
    try {
      for (const statement of tamper(last)) await db.query(statement)
      const { intact, says } = await verifyTrail(stage.platform)
      expect(says).toContain(finding(last))
      expect(intact).toBe(false)
    } finally {
      for (const statement of restore) await db.query(statement)
      await db.query(
        'update audit.heads h set (sequence, mac) = (select k.sequence, k.mac from kept_heads k where k.tenant_id = h.tenant_id)',
      )
      await db.query('drop table kept_heads')
    }
  })

  test('finds nothing wrong when every row is back as it was', async () => {
    expect((await verifyTrail(stage.platform)).intact).toBe(true)
    figure('S-TA-04', '7 edits by a superuser found and named; app role may insert and select only')
  })

  test('is not needed for the services’ own roles: none can change or remove what was recorded', async () => {
    const rows = await db.query(
      `select g.grantee, g.table_name, string_agg(g.privilege_type, ' ' order by g.privilege_type) as rights
         from information_schema.role_table_grants g
        where g.table_schema = 'audit' and g.grantee like 'sallyport_audit%' and g.grantee <> 'sallyport_audit_owner'
          and g.table_name in ('records', 'checkpoints', 'tree_nodes') group by 1, 2 order by 1, 2`,
    )
    expect(rows).toEqual([
      { grantee: 'sallyport_audit', table_name: 'checkpoints', rights: 'INSERT SELECT' },
      { grantee: 'sallyport_audit', table_name: 'records', rights: 'INSERT SELECT' },
      { grantee: 'sallyport_audit', table_name: 'tree_nodes', rights: 'INSERT SELECT' },
      { grantee: 'sallyport_audit_worker', table_name: 'checkpoints', rights: 'SELECT' },
      { grantee: 'sallyport_audit_worker', table_name: 'records', rights: 'SELECT' },
    ])
    const outboxes = await db.query(
      `select g.table_schema, string_agg(g.privilege_type, ' ') as rights
         from information_schema.role_table_grants g
        where g.table_name = 'outbox' and g.grantee = 'sallyport_' || g.table_schema group by 1 order by 1`,
    )
    expect(outboxes.length).toBeGreaterThanOrEqual(5)
    for (const outbox of outboxes) expect(outbox['rights']).toBe('INSERT')
    const owners = await db.query(
      `select distinct pg_get_userbyid(c.relowner) as owner from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'audit' and c.relkind = 'r'`,
    )
    expect(owners).toEqual([{ owner: 'sallyport_audit_owner' }])
    const reachable = await db.query(
      `select r.rolname from pg_roles r where r.rolname in ('sallyport_audit', 'sallyport_audit_worker') and
        (r.rolsuper or r.rolcreaterole or r.rolbypassrls or pg_has_role(r.rolname, 'sallyport_audit_owner', 'member'))`,
    )
    expect(reachable).toEqual([])
  })

  /** The last record, once nothing more comes and a checkpoint covers it. */
  const signedEnd = (): Promise<number> =>
    eventually(async () => {
      const [row] = await db.query(
        `select h.sequence, (select max(c.sequence) from audit.checkpoints c where c.tenant_id = h.tenant_id) as signed
           from audit.heads h where h.tenant_id = $1`,
        [tenantId],
      )
      return row?.['sequence'] === row?.['signed'] && Number(row?.['sequence'])
    }, 30_000)
})

describe('S-SE-02: a sealed secret that a superuser moved or changed', () => {
  const reveal = async ({ credentialId, deviceId }: Guarded): Promise<{ secret: string }> => {
    const { ticket } = await alice.api.post<{ ticket: string }>(`/credentials/${credentialId}/reveal`, {
      deviceId,
    })
    return alice.api.post('/reveal-tickets/redeem', { ticket })
  }
  const refused = { status: 409, reason: 'sealed_value.refused' }

  test('opens where it belongs', async () => {
    expect(await reveal(first)).toMatchObject({ secret: expect.any(String) })
  })

  test('is refused when its ciphertext was copied onto another credential’s row, and the trail says so', async () => {
    const copy = `update vault.secret_versions to_row
      set ciphertext = from_row.ciphertext, wrapped_key = from_row.wrapped_key, key_id = from_row.key_id
      from vault.secret_versions from_row where to_row.credential_id = $1 and from_row.credential_id = $2`
    await db.query(copy, [second.credentialId, first.credentialId])
    const thrown: unknown = await reveal(second).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ApiProblem)
    expect(thrown).toMatchObject(refused)
    const path = `/audit/records?code=encryption.failed&targetId=${second.credentialId}`
    const found = await eventually(async () => {
      const { items } = await stage.admin.api.get<{ items: { outcome: string; actorName: string }[] }>(path)
      return items[0]
    })
    expect(found).toMatchObject({ outcome: 'failure', actorName: alice.userName })
    expect(await reveal(first)).toMatchObject({ secret: expect.any(String) })
  })

  test('is refused when one bit of it was flipped', async () => {
    const flip = `update vault.secret_versions set ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)
      where credential_id = $1`
    await db.query(flip, [first.credentialId])
    await expect(reveal(first)).rejects.toMatchObject(refused)
    await db.query(flip, [first.credentialId])
    expect(await reveal(first)).toMatchObject({ secret: expect.any(String) })
  })
})

describe('a recording', () => {
  type Verification = { intact: boolean; badSegment: number | null; segments: number; problem: string | null }
  const verify = (): Promise<Verification> => stage.admin.api.post(`/sessions/${sessionId}/recording/verify`)

  test('names the segment in which a byte was flipped, and is whole again when it is flipped back', async () => {
    const { segments } = await verify()
    const file = await recordingFile()
    for (const { segment, middle } of (await segmentsOf(file)).toReversed()) {
      await flip(file, middle)
      expect(await verify()).toMatchObject({ intact: false, badSegment: segment })
      await flip(file, middle)
    }
    expect(await verify()).toMatchObject({ intact: true, badSegment: null, problem: null, segments })
    console.log(`recording: a flipped byte was named in each of ${segments} segments`)
  })

  const recordingFile = async (): Promise<string> => {
    const folder = join(stage.directory, 'recordings')
    const name = (await readdir(folder, { recursive: true })).find(path => path.endsWith(`${sessionId}.spr`))
    return join(folder, name ?? '')
  }

  /** Each segment follows its length in 32 bits. */
  const segmentsOf = async (path: string): Promise<{ segment: number; middle: number }[]> => {
    await using file = await open(path, 'r')
    const bytes = await file.readFile()
    const found: { segment: number; middle: number }[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at)
      found.push({ segment: found.length, middle: at + 4 + (length >> 1) })
      at += 4 + length
    }
    return found
  }

  const flip = async (path: string, position: number): Promise<void> => {
    await using file = await open(path, 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, position)
    byte.writeUInt8(byte.readUInt8() ^ 1)
    await file.write(byte, 0, 1, position)
  }
})
