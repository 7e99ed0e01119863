import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { eventually } from '@sallyport/testing/eventually'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { everyPlace } from '../support/fault-places.ts'
import { hurryOperations } from '../support/hurry.ts'
import {
  type DataRoot,
  type Installation,
  makeDataRoot,
  postgresOf,
  startInstallation,
} from '../support/installation.ts'
import { isRunning } from '../support/process-tree.ts'
import { processesOf } from '../support/program.ts'
import { changedOnce, opens, reveal, setPolicy, versionsOf, watchAccount } from '../support/rotation.ts'
import { allow, type Guarded, guard, type LinuxHost, noLinuxHost, openLinuxHost } from '../support/stage.ts'

const places = everyPlace()
const stack = new AsyncDisposableStack()
let data: DataRoot
let running: Installation
let host: LinuxHost
let web: Guarded
let admin: Person
let user: Person
let missing: string | undefined

/** Starts the platform on its directory. The first attempt of the next operation kills it, if there is a place. */
const start = async (place?: string): Promise<void> => {
  running = stack.use(
    await startInstallation(data, place === undefined ? {} : { NODE_ENV: 'test', SALLYPORT_CRASH_AT: place }),
  )
}

/** Each start has a port of its own; whoever was signed in still is. */
const as = (person: Person): Api => connectApi(running.apiUrl, person.api.token)

const superuserUrl = async (): Promise<string> => {
  const password = await readFile(join(data.path, 'postgres/superuser-password'), 'utf8')
  return `postgresql://postgres:${password}@127.0.0.1:${(await postgresOf(data)).port}/sallyport`
}

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  data = stack.use(await makeDataRoot())
  host = stack.use(await openLinuxHost())
  await start(places[0])
  admin = await signInFirst(running.apiUrl, {
    userName: 'admin',
    initialPassword: running.initialPassword ?? '',
  })
  user = await createPerson(admin.api, 'alice', 'user')
  web = await guard(admin.api, host, 'web')
  await setPolicy(admin.api, web)
  await allow(admin.api, 'web', [user], { view: { allowed: true } })
})
afterAll(async () => {
  await stack.disposeAsync()
  if (!missing) figure('R-02', `${places.length} changes torn by kill -9 of the platform, 0 accounts lost`)
})
beforeEach(context => {
  if (missing) context.skip(missing)
})

describe('R-02: a password change whose platform is killed with SIGKILL', () => {
  const kills = places.map((place, index) => ({ place, next: places[index + 1] }))

  it.each(kills)('$place: the next start finishes it; one change, and no lost account', async ({ next }) => {
    const { secret: before } = await reveal(as(user), web)
    const versions = await versionsOf(as(admin), web)
    using watched = watchAccount(host.account.username)
    const processes = processesOf(running)
    await as(admin).post(`/credentials/${web.credentialId}/rotate`)
    expect(await running.exit).toBe('SIGKILL')
    await eventually(() => !processes.some(isRunning))

    await start(next)
    await using _ = hurryOperations(await superuserUrl())
    await changedOnce(as(admin), web, 60_000)
    const { secret: after } = await reveal(as(user), web)
    expect(await opens(host, after), 'the password in the vault').toBe(true)
    expect(await opens(host, before), 'the old password').toBe(false)
    expect(watched.changes(), 'changes on the host').toBe(1)
    expect(await versionsOf(as(admin), web)).toEqual([
      ...versions.map(version => ({ ...version, state: 'retired' })),
      expect.objectContaining({ number: versions.length + 1, state: 'current' }),
    ])
  })
})
