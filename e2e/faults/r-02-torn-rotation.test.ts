import { join } from 'node:path'
import { defaultLimits } from '@sallyport/gateway/config'
import type { Person } from '@sallyport/standalone/demo/person'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@sallyport/postgres/embedded'
import { eventually } from '@sallyport/testing/eventually'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Cable, layCable } from '@sallyport/testing/cable'
import { failCommits } from '../support/failing-commit.ts'
import { everyPlace, repeated } from '../support/fault-places.ts'
import { hurryOperations } from '../support/hurry.ts'
import { isRunning, processTree } from '../support/process-tree.ts'
import {
  changedOnce,
  opens,
  type Operation,
  reveal,
  setPolicy,
  versionsOf,
  watchAccount,
} from '../support/rotation.ts'
import {
  allow,
  type Guarded,
  guard,
  type Host,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from '../support/stage.ts'

type Fault = {
  readonly place: string
  readonly strike: () => void | Promise<void>
  /** It cannot go on with what it was at. */
  readonly endsWorker?: true
}

const stack = new AsyncDisposableStack()
const tag = 'faults'
let stage: Stage
let host: LinuxHost
let cable: Cable
let throughCable: Host
let web: Guarded
let user: Person
let missing: string | undefined
let armed: Fault | undefined
let hasStruck = false
let torn = 0

/** Strikes once, when the first attempt comes to the place. */
const crashPoint = async (place: string): Promise<void> => {
  if (armed?.place !== place) return
  const { strike } = armed
  armed = undefined
  await strike()
  hasStruck = true
}

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  // The log would be full of what is done to it here.
  stage = stack.use(
    await openStage({ crashPoint, limits: { ...defaultLimits, secret: 10_000 }, logLevel: 'silent' }),
  )
  host = stack.use(await openLinuxHost())
  cable = stack.use(await layCable(host.server.port))
  throughCable = { server: { port: cable.port }, account: host.account }
  web = await guard(stage.admin.api, throughCable, tag)
  await setPolicy(stage.admin.api, web, { maxAttempts: 10 })
  user = await stage.person('alice')
  await allow(stage.admin.api, tag, [user], { view: { allowed: true } })
})
afterAll(async () => {
  await stack.disposeAsync()
  if (!missing) figure('R-02', `${torn} changes torn by cable, commit and PostgreSQL, 0 accounts lost`)
})
beforeEach(context => {
  if (missing) context.skip(missing)
})

/** Orders a change and lets a fault strike in the middle; then one change was made, and the vault knows it. */
const expectOneChange = async (fault: Fault, repair: () => Promise<void>): Promise<Operation> => {
  const { secret: before } = await reveal(user.api, web)
  const versions = await versionsOf(stage.admin.api, web)
  using watched = watchAccount(host.account.username)
  armed = fault
  hasStruck = false
  await stage.admin.api.post(`/credentials/${web.credentialId}/rotate`)
  await eventually(() => hasStruck, 20_000)
  await repair()
  const url = stage.platform.database.server.adminUrl('sallyport')
  await using _ = hurryOperations(url, { workerLives: !fault.endsWorker })
  const operation = await changedOnce(stage.admin.api, web, 60_000)
  const { secret: after } = await reveal(user.api, web)
  expect(await opens(host, after), 'the password in the vault').toBe(true)
  expect(await opens(host, before), 'the old password').toBe(false)
  expect(watched.changes(), 'changes on the host').toBe(1)
  expect(await versionsOf(stage.admin.api, web)).toEqual([
    ...versions.map(version => ({ ...version, state: 'retired' })),
    expect.objectContaining({ number: versions.length + 1, state: 'current' }),
  ])
  torn += 1
  return operation
}

describe('R-02: a password change whose connection to the target is cut', () => {
  it.each(everyPlace())('%s: one change, and no lost account', async place => {
    await expectOneChange({ place, strike: () => cable.cut() }, async () => {})
  })

  const connected = everyPlace().filter(place => /sealed|sending|before sent|new-verified/.test(place))
  it.each(connected)('%s, and whose target stays away for a while: one change', async place => {
    const strike = (): void => {
      cable.hold()
      cable.cut()
    }
    await expectOneChange({ place, strike }, async () => cable.mend())
  })

  // The dialogue of passwd: a prompt, an answer, a prompt. Each answer of the target is a place to break at.
  const answers = repeated(Array.from({ length: 12 }, (_, index) => index + 1))
  it.each(answers)('at answer %i of the target while it is made: one change', async count => {
    const strike = (): void => cable.cutAfter(count)
    await expectOneChange({ place: 'after sending', strike }, async () => {
      await eventually(() => cable.isCutNow(), 20_000)
      cable.mend()
    })
  })
})

describe('R-02: a password change whose commit fails', () => {
  /** What is being committed, by the row that it writes. */
  const commits = [
    ['insert', 'vault.rotations', 'the sealed candidate'],
    ['update', 'vault.rotations', 'the promotion'],
    ['update', 'execution.attempts', 'the journal'],
  ] as const

  it.each(repeated(commits))('%s on %s: %s; one change, later', async (verb, table) => {
    const { secret: before } = await reveal(user.api, web)
    const versions = await versionsOf(stage.admin.api, web)
    using watched = watchAccount(host.account.username)
    const url = stage.platform.database.server.adminUrl('sallyport')
    const fault = await failCommits(url, verb, table)
    await stage.admin.api.post(`/credentials/${web.credentialId}/rotate`)
    await eventually(fault.hasStruck, 20_000)
    expect((await versionsOf(stage.admin.api, web)).filter(({ state }) => state === 'current')).toEqual([
      expect.objectContaining({ number: versions.length }),
    ])
    await fault.mend()
    await using _ = hurryOperations(url)
    await changedOnce(stage.admin.api, web, 60_000)
    const { secret: after } = await reveal(user.api, web)
    expect(await opens(host, after), 'the password in the vault').toBe(true)
    expect(await opens(host, before), 'the old password').toBe(false)
    expect(watched.changes(), 'changes on the host').toBe(1)
    torn += 1
  })
})

describe('R-02: a password change while PostgreSQL is killed', () => {
  let server: EmbeddedPostgres
  beforeAll(() => {
    if (!missing) server = stage.platform.database.server
  })

  const kill = async (): Promise<void> => {
    const processes = processTree((await server.pid()) ?? 0)
    process.kill(processes[0] ?? 0, 'SIGKILL')
    await eventually(() => !processes.some(isRunning))
  }

  const startAgain = async (): Promise<void> => {
    const directory = join(stage.directory, 'postgres')
    server = stack.use(await startEmbeddedPostgres({ directory, port: server.port }))
  }

  it.each(everyPlace())('%s: services answer 503 meanwhile and recover; one change', async place => {
    await expectOneChange({ place, strike: kill, endsWorker: true }, async () => {
      await expect(stage.admin.api.get('/users')).rejects.toMatchObject({ status: 503 })
      await startAgain()
      await eventually(() => stage.admin.api.get('/users').then(() => true), 20_000)
    })
  })
})
