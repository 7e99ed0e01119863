import type { ServiceName } from '@sallyport/identity/services'
import { type Api, ApiProblem } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { eventually } from '@sallyport/testing/eventually'
import { figure, isNightly } from '@sallyport/testing/proof'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Processes, startProcesses } from '../support/processes.ts'
import { opens, reveal, versionsOf } from '../support/rotation.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, type Guarded, guard, type Host } from '../support/stage.ts'
import { connectSuperuserAt, type Superuser } from '../support/superuser.ts'
import { supervise } from '../support/supervised.ts'

const frozenMs = isNightly ? 30_000 : 5_000
/** Two seconds until it is taken as gone, and one that a busy machine takes. */
const answeredWithinMs = 2_500
const recoversWithinMs = 5_000

/** A call that needs the service, and answers fast when it is well. */
const routes: Readonly<Record<Exclude<ServiceName, 'gateway'>, string>> = {
  'access-control': '/user-groups?limit=1',
  vault: '/devices?limit=1',
  execution: '/templates?limit=1',
  'session-proxy': '/sessions?limit=1',
  audit: '/audit/records?limit=1',
}

const stack = new AsyncDisposableStack()
let platform: Processes
let admin: Person
let user: Person
let auditor: Person
let superuser: Superuser
let host: Host
let web: Guarded
let slowest = 0
let shed = 0

beforeAll(async () => {
  platform = stack.use(await startProcesses({ environment: { execution: { SALLYPORT_LOG_LEVEL: 'warn' } } }))
  superuser = stack.use(await connectSuperuserAt(platform.postgres.adminUrl()))
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  user = await createPerson(admin.api, 'alice', 'user')
  auditor = await createPerson(admin.api, 'carol', 'auditor')
  host = stack.use(await openSmallHost())
  web = await guard(admin.api, host, 'frozen')
  await allow(admin.api, 'frozen', [user], { view: { allowed: true } })
})
afterAll(() => stack.disposeAsync())

type Outcome = { readonly status: number; readonly reason: string; readonly ms: number }

const outcomeOf = async (api: Api, path: string): Promise<Outcome> => {
  const startedAt = performance.now()
  const answer = await api.get(path).then(
    () => ({ status: 200, reason: '' }),
    (failure: unknown) => (failure instanceof ApiProblem ? failure : { status: 0, reason: String(failure) }),
  )
  return { status: answer.status, reason: answer.reason, ms: performance.now() - startedAt }
}

const callerOf = (name: ServiceName): Api => (name === 'audit' ? auditor : admin).api

/** Calls all the time, for so long; then waits for the last answer. */
const callsFor = async (ms: number, name: keyof typeof routes): Promise<readonly Outcome[]> => {
  const calls: Promise<Outcome>[] = []
  for (const until = performance.now() + ms; performance.now() < until; await pause(100)) {
    calls.push(outcomeOf(callerOf(name), routes[name]))
  }
  return Promise.all(calls)
}

const send = (signal: 'SIGSTOP' | 'SIGCONT', services: readonly ServiceName[]): void => {
  for (const name of services) platform.services[name].kill(signal)
}

const isWell = async (name: keyof typeof routes): Promise<boolean> =>
  (await outcomeOf(callerOf(name), routes[name])).status === 200

const expectToldInTime = (name: string, outcomes: readonly Outcome[]): void => {
  const failed = outcomes.filter(({ status }) => status !== 200)
  const latest = Math.max(...failed.map(({ ms }) => ms))
  slowest = Math.max(slowest, latest)
  expect(failed.length, `calls that ${name} did not answer`).toBeGreaterThan(10)
  expect(new Set(failed.map(({ status }) => status)), name).toEqual(new Set([503]))
  expect(latest, `milliseconds until callers of ${name} were told`).toBeLessThan(answeredWithinMs)
}

/** Together what does not depend on each other. */
const groups: readonly (readonly (keyof typeof routes)[])[] = [
  ['access-control'],
  ['vault'],
  ['execution', 'session-proxy', 'audit'],
]

describe('R-09: a service that stands still', () => {
  it.each(groups.map(group => ({ group, name: group.join(', ') })))(
    '$name: callers are told within two seconds, others go on, and it recovers',
    async ({ group }) => {
      for (const name of group) await eventually(() => isWell(name))
      send('SIGSTOP', group)
      const [others, ...hit] = await Promise.all([
        callsFor(frozenMs - 2_000, group.includes('vault') ? 'execution' : 'vault'),
        ...group.map(name => callsFor(frozenMs - 2_000, name)),
      ])
      send('SIGCONT', group)
      const continuedAt = performance.now()
      for (const name of group) await eventually(() => isWell(name), 20_000)
      const recovery = performance.now() - continuedAt
      for (const [index, name] of group.entries()) expectToldInTime(name, hit[index] ?? [])
      // Nobody can say who is calling while access-control stands still.
      if (!group.includes('access-control')) expect(others.filter(({ status }) => status !== 200)).toEqual([])
      expect(recovery, 'milliseconds until all answered again').toBeLessThan(recoversWithinMs)
    },
  )

  it('does not pile up calls: what does not fit is turned away at once', async () => {
    platform.services.vault.kill('SIGSTOP')
    const calls = Array.from({ length: 400 }, () => outcomeOf(admin.api, routes.vault))
    const outcomes = await Promise.all(calls)
    platform.services.vault.kill('SIGCONT')
    shed = outcomes.filter(({ reason }) => reason === 'service.busy').length
    expect(outcomes.filter(({ status }) => status !== 503)).toEqual([])
    expect(shed, 'turned away at the door').toBeGreaterThan(200)
    await eventually(async () => (await outcomeOf(admin.api, routes.vault)).status === 200, 20_000)
  })

  it('gateway: goes on where it stopped', async () => {
    send('SIGSTOP', ['gateway'])
    const calls = callsFor(frozenMs - 2_000, 'vault')
    await pause(frozenMs)
    send('SIGCONT', ['gateway'])
    const failed = (await calls).filter(({ status }) => status !== 200)
    // Half a minute of calls does not fit at once; what does not is turned away, as in any flood.
    expect(failed.filter(({ reason }) => !isNightly || reason !== 'service.busy')).toEqual([])
    await eventually(() => isWell('vault'), recoversWithinMs)
  })

  it('execution: what another worker has finished, the one that wakes up cannot change', async () => {
    await slowPolicy(admin.api, web)
    const { secret: before } = await reveal(user.api, web)
    const versions = await versionsOf(admin.api, web)
    const { id } = await admin.api.post<{ id: string }>(`/credentials/${web.credentialId}/rotate`)
    await eventually(async () => (await stepsOf(id)).includes('sending'))
    const { execution } = platform.services
    execution.kill('SIGSTOP')
    await superuser.query(`update execution.operations set lease_until = now() where id = $1`, [id])
    await using second = supervise({
      path: 'services/execution/src/main.ts',
      environment: { ...execution.environment, SALLYPORT_EXECUTION_PORT: '0', SALLYPORT_HEALTH_PORT: '0' },
      serves: /listens on/,
    })
    await second.ready()
    const ended = await eventually(async () => {
      const [row] = await superuser.query('select * from execution.operations where id = $1', [id])
      return row?.['state'] === 'succeeded' && row
    }, 30_000)
    execution.kill('SIGCONT')
    await eventually(() => /took an operation over/.test(execution.printed()), 20_000)
    expect(await superuser.query('select * from execution.operations where id = $1', [id])).toEqual([ended])
    const { secret: after } = await reveal(user.api, web)
    expect(await opens(host, after)).toBe(true)
    expect(await opens(host, before)).toBe(false)
    expect(await versionsOf(admin.api, web)).toHaveLength(versions.length + 1)
    figure(
      'R-09',
      `5 services frozen for ${frozenMs / 1000} s: callers told after ${Math.round(slowest)} ms at most, ` +
        `${shed} of 400 turned away at once, 0 writes of a stopped worker`,
    )
  })
})

const stepsOf = async (operationId: string): Promise<unknown[]> =>
  (await superuser.query('select step from execution.attempts where operation_id = $1', [operationId])).map(
    ({ step }) => step,
  )

/** The usual change of a password, with time in it for somebody to be stopped. */
const slowPolicy = async (api: Api, { credentialId, deviceId }: Guarded): Promise<void> => {
  const { items } = await api.get<{ items: { name: string; source: string }[] }>('/templates?limit=200')
  const usual = items.find(({ name }) => name === 'Linux: change own password')
  const { id: templateId } = await api.post<{ id: string }>('/templates', {
    name: 'Slow',
    executor: 'ssh',
    source: `${usual?.source}\nsleep 3\n`,
  })
  await api.put(`/credentials/${credentialId}/rotation-policy`, { deviceId, templateId }, { ifMatch: 0 })
}
