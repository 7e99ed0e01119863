import { setTimeout as pause } from 'node:timers/promises'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { missingOf, settled, unrecordedOf } from '../support/load/accounts.ts'
import { startSessions } from '../support/load/sessions.ts'
import { startWriters } from '../support/load/writers.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { mountSmallDisk, noSmallDisk, type SmallDisk } from '../support/small-disk.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, type Guarded, guard, type Host } from '../support/stage.ts'
import { connectSuperuserAt, type Superuser, tablesOf } from '../support/superuser.ts'
import { unlimited } from '../support/unlimited.ts'

const fullMs = 3_000
const rounds = counted(20, 2)

const stack = new AsyncDisposableStack()
let missing: string | undefined
let disk: SmallDisk
let platform: Processes
let admin: Person
let visitors: readonly Person[]
let host: Host
let web: Guarded

beforeAll(async () => {
  missing = await noSmallDisk()
  if (missing) return
  disk = stack.use(await mountSmallDisk(200))
  platform = stack.use(
    await startProcesses({ directory: disk.path, replicas: 2, environment: { gateway: unlimited } }),
  )
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  visitors = await Promise.all(['alice', 'bob'].map(name => createPerson(admin.api, name, 'user')))
  host = stack.use(await openSmallHost())
  web = await guard(admin.api, host, 'disk')
  await allow(admin.api, 'disk', visitors, { session: { allowed: true } })
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

const answers = (): Promise<true> => admin.api.get('/devices?limit=1').then(() => true)

/** PostgreSQL may have survived, or have ended when it could not write what it must. */
const recover = async (): Promise<void> => {
  const back = await eventually(answers, 5_000).catch(() => false)
  if (!back) await platform.postgres.start()
  await eventually(answers, 20_000)
}

/** Reads every row, and checks every index against its table: what `pg_amcheck --heapallindexed` does. */
const expectSound = async (superuser: Superuser): Promise<number> => {
  const [settings] = await superuser.query('show data_checksums')
  expect(settings, 'pages have checksums').toMatchObject({ data_checksums: 'on' })
  await superuser.query('create extension if not exists amcheck')
  const tables = await tablesOf(superuser)
  for (const { sql } of tables) {
    expect(await superuser.query(`select * from verify_heapam('${sql}')`), sql).toEqual([])
  }
  const indexes = await superuser.query(
    `select bt_index_parent_check(i.indexrelid, true, true) from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where a.amname = 'btree' and i.indisvalid and c.relpersistence = 'p'`,
  )
  return tables.length + indexes.length
}

describe('R-07: a disk that is full under PostgreSQL, recordings and logs', () => {
  it('costs nothing that was acknowledged, and nothing is damaged', { timeout: 1_800_000 }, async () => {
    const load = new AsyncDisposableStack()
    const writers = load.use(startWriters(admin.api, 4))
    const { username } = host.account
    const sessions = load.use(startSessions(platform, visitors, { username, deviceName: web.deviceName }))
    await eventually(() => sessions.succeeded() > 3 && writers.acknowledged().length > 10, 20_000)
    for (let round = 0; round < rounds; round += 1) {
      await disk.fill()
      await pause(fullMs)
      const written = writers.acknowledged().length
      await disk.empty()
      await recover()
      await eventually(() => writers.acknowledged().length > written + 5, 30_000)
    }
    await load.disposeAsync()
    await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
    await settled(superuser)
    const acknowledged = writers.acknowledged()
    expect(writers.surprises()).toEqual([])
    expect(await missingOf(superuser, acknowledged), 'acknowledged and not stored').toEqual([])
    expect(await unrecordedOf(superuser, acknowledged), 'not recorded exactly once').toEqual([])
    const checked = await expectSound(superuser)
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
    const { items } = await admin.api.get<{ items: { id: string }[] }>('/sessions?limit=200')
    const verdicts = await Promise.all(
      items.map(({ id }) => admin.api.post<{ intact: boolean }>(`/sessions/${id}/recording/verify`)),
    )
    expect(verdicts.filter(({ intact }) => !intact)).toEqual([])
    figure(
      'R-07',
      `full ${rounds} times: ${acknowledged.length} writes, 0 lost; ${checked} tables and indexes sound, ` +
        `${verdicts.length} recordings intact`,
    )
  })
})
