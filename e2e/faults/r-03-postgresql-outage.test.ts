import { setTimeout as pause } from 'node:timers/promises'
import { type Api, ApiProblem } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { eventually } from '@sallyport/testing/eventually'
import { figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingOf, settled, unrecordedOf } from '../support/load/accounts.ts'
import { startSessions } from '../support/load/sessions.ts'
import { startWriters, type Writers } from '../support/load/writers.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard } from '../support/stage.ts'
import { connectSuperuserAt } from '../support/superuser.ts'

const outageMs = isNightly ? 60_000 : 10_000
const refusedWithinMs = 1_000
const recoversWithinMs = 10_000
/** What all pools and subscriptions may hold together; a storm would open that many again and again. */
const mostConnections = 80

const stack = new AsyncDisposableStack()
let platform: Processes
let admin: Person
let writers: Writers
let slowestRefusal = 0
let slowestRecovery = 0

beforeAll(async () => {
  platform = stack.use(await startProcesses())
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  const visitors = await Promise.all(['alice', 'bob'].map(name => createPerson(admin.api, name, 'user')))
  const host = stack.use(await openSmallHost())
  const { deviceName } = await guard(admin.api, host, 'outage')
  await allow(admin.api, 'outage', visitors, { session: { allowed: true } })
  const { username } = host.account
  stack.use(startSessions(platform, visitors, { username, deviceName }))
  writers = stack.use(startWriters(admin.api, 4))
})
afterAll(() => stack.disposeAsync())

const stored = ['access-control', 'vault', 'execution', 'session-proxy', 'audit'] as const

/** One call of each service that stores anything. */
const routes = ['/user-groups?limit=1', '/devices?limit=1', '/templates?limit=1', '/sessions?limit=1']

const refusal = async (api: Api, path: string): Promise<{ status: number; ms: number }> => {
  const startedAt = performance.now()
  const status = await api.get(path).then(
    () => 200,
    (failure: unknown) => (failure instanceof ApiProblem ? failure.status : 0),
  )
  return { status, ms: performance.now() - startedAt }
}

const refusalsFor = async (ms: number): Promise<{ status: number; ms: number }[]> => {
  const refusals: Promise<{ status: number; ms: number }>[] = []
  for (const until = performance.now() + ms; performance.now() < until; await pause(200)) {
    for (const path of routes) refusals.push(refusal(admin.api, path))
  }
  return Promise.all(refusals)
}

/** Everything that was acknowledged by now is there, once, and recorded. */
const expectNothingLost = async (): Promise<void> => {
  await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
  const acknowledged = [...writers.acknowledged()]
  expect(writers.surprises()).toEqual([])
  expect(await missingOf(superuser, acknowledged), 'acknowledged and not stored').toEqual([])
  await eventually(async () => (await unrecordedOf(superuser, acknowledged)).length === 0, 20_000)
}

/** Starts PostgreSQL again, and waits until everything answers and is written again. */
const recover = async (): Promise<void> => {
  await platform.postgres.start()
  const startedAt = performance.now()
  const written = writers.acknowledged().length
  await eventually(() => writers.acknowledged().length > written + 5, 20_000)
  for (const path of routes) await eventually(async () => (await refusal(admin.api, path)).status === 200)
  const recovery = performance.now() - startedAt
  slowestRecovery = Math.max(slowestRecovery, recovery)
  expect(recovery, 'milliseconds after PostgreSQL was back').toBeLessThan(recoversWithinMs)
}

/** How many connections were made since PostgreSQL started: its own statistics begin anew with a crash. */
const connectionsMade = async (): Promise<number> => {
  await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
  const [row] = await superuser.query(
    `select sessions::int as made from pg_stat_database where datname = 'sallyport'`,
  )
  return Number(row?.['made'])
}

describe('R-03: PostgreSQL', () => {
  it.each(['SIGKILL', 'SIGQUIT'] as const)('ended by %s and started again: nothing is lost', async signal => {
    await eventually(() => writers.acknowledged().length > 5)
    await platform.postgres.kill(signal)
    await recover()
    await expectNothingLost()
  })

  it('away for a while: 503 within a second meanwhile, and no storm of connections afterwards', async () => {
    await platform.postgres.kill('SIGKILL')
    const runs = Object.values(platform.services).map(service => service.runs())
    const refusals = await refusalsFor(outageMs)
    const healthMeanwhile = await Promise.all(stored.map(platform.health))
    slowestRefusal = Math.max(...refusals.map(({ ms }) => ms))
    await recover()
    const made = await connectionsMade()
    expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([503]))
    expect(slowestRefusal, 'milliseconds until a call was refused').toBeLessThan(refusedWithinMs)
    expect(
      Object.values(platform.services).map(service => service.runs()),
      'services stay up',
    ).toEqual(runs)
    expect(made, 'connections made').toBeLessThan(mostConnections)
    for (const health of healthMeanwhile)
      expect(health).toMatchObject({ status: 'unavailable', missing: expect.arrayContaining(['database']) })
    for (const name of stored)
      await eventually(async () => (await platform.health(name)).status === 'ok', recoversWithinMs)
    await expectNothingLost()
    figure(
      'R-03',
      `${writers.acknowledged().length} writes over 3 outages, 0 lost; refused after ` +
        `${Math.round(slowestRefusal)} ms at most, recovered after ${Math.round(slowestRecovery)} ms, ` +
        `${made} connections made`,
    )
  })

  it('leaves no session open and an audit trail that is whole', async () => {
    await writers[Symbol.asyncDispose]()
    await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
    await settled(superuser)
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
  })
})
