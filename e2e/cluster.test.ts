import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { DeviceServiceService } from '@sallyport/contracts/vault/v1/inventory'
import { createReport } from '@sallyport/standalone/demo/report'
import { watchLive } from '@sallyport/standalone/demo/live-view'
import type { Person } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { tellStory } from '@sallyport/standalone/demo/story'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import type { SshRun } from '@sallyport/targets/ssh-client'
import { startSmallTarget } from '@sallyport/targets/small-target'
import { eventually } from '@sallyport/testing/eventually'
import { type Kafka, startKafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { falseClock, noFalseClock } from './support/false-clock.ts'
import { hurryOperations } from './support/hurry.ts'
import { missingOf, settled, unrecordedOf } from './support/load/accounts.ts'
import { type Rotations, startRotations } from './support/load/rotations.ts'
import { type Sessions, startSessions } from './support/load/sessions.ts'
import { startWriters, type Writers } from './support/load/writers.ts'
import { type Processes, startProcesses } from './support/processes.ts'
import { startProgram } from './support/program.ts'
import { opens, operationsOf, reveal, setPolicy } from './support/rotation.ts'
import { shows } from './support/seen.ts'
import { onKafka } from './support/service-environment.ts'
import { openSmallHost } from './support/small-host.ts'
import { allow, type Guarded, guard, type Host } from './support/stage.ts'
import { connectSuperuserAt } from './support/superuser.ts'

type Versioned = { readonly id: string; readonly version: number }
type Records = { readonly items: readonly { readonly details: Readonly<Record<string, string>> }[] }
type Load = AsyncDisposable & {
  readonly writers: Writers
  readonly rotations: Rotations
  readonly sessions: Sessions
}

const everything = { page: undefined, search: '', tag: '', type: '', site: '' }
const tag = 'cluster'
const endsWithinMs = 2_000
const reconnectMs = 2_500
const brokerAwayMs = counted(300_000, 5_000)
const stack = new AsyncDisposableStack()
let missing: string | undefined
let kafka: Kafka
let platform: Processes
let admin: Person
let visitors: readonly Person[]
let [hosts, guarded]: [readonly Host[], readonly Guarded[]] = [[], []]
let group: Versioned

beforeAll(async () => {
  missing = missingKafka()
  if (missing) return
  kafka = stack.use(await startKafka({}))
  await using topics = startProgram('services/audit/src/topics-main.ts', [], { env: onKafka(kafka.broker) })
  expect(await topics.exit).toBe(0)
  platform = stack.use(await startProcesses({ replicas: 2, broker: kafka.broker }))
}, 240_000)
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

/** What a service proves itself with; whoever took it over has it. */
const certificateOf = async (name: ServiceName): Promise<TlsMaterial> => {
  const { environment } = platform.services[name]
  const read = (part: string): Promise<Buffer> => readFile(environment[`SALLYPORT_TLS_${part}_FILE`] ?? '')
  const [certificate, privateKey, authority] = [read('CERTIFICATE'), read('KEY'), read('AUTHORITY')]
  return { certificate: await certificate, privateKey: await privateKey, authority: await authority }
}

/** People who write, change passwords and run commands in sessions, all the time. */
const startLoad = (): Load => {
  const load = new AsyncDisposableStack()
  const [first] = guarded
  const target = { username: hosts[0]?.account.username ?? '', deviceName: first?.deviceName ?? '' }
  return {
    writers: load.use(startWriters(admin.api, 2)),
    rotations: load.use(startRotations(admin.api, guarded.slice(1))),
    sessions: load.use(startSessions(platform, visitors, target)),
    [Symbol.asyncDispose]: () => load.disposeAsync(),
  }
}

/** Everything goes on: there is more of each than there was. */
const goesOn = async ({ writers, rotations, sessions }: Load): Promise<void> => {
  const before = [writers.acknowledged().length, rotations.ended(), sessions.succeeded()]
  await eventually(
    () =>
      [writers.acknowledged().length, rotations.ended(), sessions.succeeded()].every(
        (now, index) => now > (before[index] ?? 0),
      ),
    90_000,
  )
}

/** All that was acknowledged is there once and in the trail once, passwords are known, and the chain is whole. */
const expectNothingLost = async (load: Load): Promise<void> => {
  await load[Symbol.asyncDispose]()
  await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
  const acknowledged = load.writers.acknowledged()
  expect(load.writers.surprises()).toEqual([])
  // A worker that was killed leaves its lease behind.
  await superuser.query(`update execution.operations set lease_until = now() where state = 'running'`)
  await settled(superuser)
  expect(await missingOf(superuser, acknowledged), 'acknowledged and not stored').toEqual([])
  await eventually(async () => (await unrecordedOf(superuser, acknowledged)).length === 0, 60_000)
  const reader = await createPerson(admin.api, `reader-${acknowledged.length}`, 'user')
  await allow(admin.api, tag, [reader], { view: { allowed: true } })
  for (const [index, host] of hosts.entries()) {
    const { secret } = await reveal(reader.api, guarded[index] ?? fail())
    expect(await opens(host, secret), 'the password in the vault').toBe(true)
  }
  const operations = (await Promise.all(guarded.map(one => operationsOf(admin.api, one)))).flat()
  expect(operations.filter(({ state }) => state !== 'succeeded')).toEqual([])
  expect(await verifyTrail(platform)).toMatchObject({ intact: true })
}

const fail = (): never => {
  throw new Error('There is none')
}

/** A shell of somebody new, who may have it until the access group is deleted. */
const openShell = async (name: string): Promise<{ shell: SshRun; access: Versioned; person: Person }> => {
  const person = await createPerson(admin.api, name, 'user')
  const access = await allow(admin.api, tag, [person], { session: { allowed: true } })
  const shell = await runLibraryShell({
    port: platform.sshPort,
    loginName: `${name}[${hosts[0]?.account.username}@${guarded[0]?.deviceName}]`,
    password: person.password,
    code: await person.nextCode(),
    hostKey: platform.sshHostKey,
  })
  shell.write('echo here I am\n')
  await shows(shell, 'here I am', 30_000)
  return { shell, access, person }
}

/** How long the shell went on after its access was taken away, in milliseconds. */
const cut = async ({ shell, access }: Awaited<ReturnType<typeof openShell>>): Promise<number> => {
  const startedAt = performance.now()
  await admin.api.delete(`/access-groups/${access.id}`, access.version)
  await shell.exit
  return performance.now() - startedAt
}

/** Whether a session proxy has a live session. */
const carries = async (replica: number): Promise<boolean> => {
  await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
  const rows = await superuser.query(
    'select from session_proxy.sessions where ended_at is null and instance = $1',
    [`replica-${replica}`],
  )
  return rows.length > 0
}

/** As an upgrade does it: told to stop, and started anew once it has. */
const stopOne = async (replica: number, name: ServiceName): Promise<void> => {
  const supervised = platform.replicas[replica]?.[name] ?? fail()
  const run = supervised.runs()
  supervised.kill('SIGTERM')
  await supervised.ready(run + 1)
  await platform.ready()
  // The chart lets a pod wait for five seconds before it is told: callers try again within two.
  await pause(reconnectMs)
}

const killOne = async (replica: number, name: ServiceName): Promise<void> => {
  const supervised = platform.replicas[replica]?.[name] ?? fail()
  const run = supervised.runs()
  supervised.kill('SIGKILL')
  await supervised.ready(run + 1)
}

describe('Two replicas of every service, each a process, with Kafka and PostgreSQL', () => {
  it('do the main job as one process does', { timeout: 240_000 }, async () => {
    await using target = await startSmallTarget()
    const lines: string[] = []
    const report = createReport(line => lines.push(line))
    const scene = await tellStory(platform, platform.initialPassword, target, report).catch(
      (cause: unknown) => {
        throw new Error(`The story broke off:\n${lines.join('\n')}`, { cause })
      },
    )
    admin = scene.admin
    expect(lines.filter(line => /^\n\d\./.test(line))).toHaveLength(8)
    expect(lines.filter(line => line.includes('✘'))).toEqual([])
    visitors = [await createPerson(admin.api, 'dora', 'user'), await createPerson(admin.api, 'emil', 'user')]
    hosts = await Promise.all([0, 1].map(async () => stack.use(await openSmallHost())))
    guarded = await Promise.all(hosts.map(host => guard(admin.api, host, tag)))
    for (const one of guarded) await setPolicy(admin.api, one, { maxAttempts: 20 })
    group = await allow(admin.api, tag, visitors, { session: { allowed: true } })
    expect(group.version).toBe(1)
  })

  it('show a live session through whichever is asked, and end it on whichever has it', async () => {
    const shells = [await openShell('nina'), await openShell('olaf'), await openShell('pia')]
    type Live = { items: { id: string; userName: string }[] }
    const live = await admin.api.get<Live>('/sessions?state=live')
    const ids = live.items.filter(({ userName }) => ['nina', 'olaf', 'pia'].includes(userName))
    expect(ids).toHaveLength(3)
    // Calls go round the replicas: of two for each session one is answered by the other one.
    for (const { id } of [...ids, ...ids]) {
      await using view = await watchLive(admin.api, id)
      await eventually(() => view.shown().includes('here I am'))
    }
    const times = []
    for (const shell of shells) times.push(await cut(shell))
    expect(Math.max(...times), 'milliseconds until a session had ended').toBeLessThan(endsWithinMs)
  })

  it('S-K8-03: refuse who is not one of them, and tell their operator', async () => {
    const [stranger, gateway] = [
      await (await createServiceAuthority()).issue('gateway'),
      await certificateOf('gateway'),
    ]
    const calls: [TlsMaterial, string][] = [
      [{ ...stranger, authority: gateway.authority }, 'service.unavailable'],
      [gateway, 'caller.unauthenticated'],
      [await certificateOf('audit'), 'service.not_allowed'],
    ]
    for (const [tls, reason] of calls) {
      const address = `127.0.0.1:${platform.services.vault.environment['SALLYPORT_VAULT_PORT']}`
      using channel = openChannel({ service: 'vault', address, tls })
      const devices = connectRpc(DeviceServiceService, channel)
      await expect(devices.listDevices(everything)).rejects.toMatchObject({
        reason,
      })
    }
    const told = async (code: string): Promise<string[]> =>
      (await admin.api.get<Records>(`/audit/records?code=${code}`)).items.map(
        ({ details }) => details['reason'] ?? '',
      )
    await eventually(async () => (await told('connection.refused')).length > 0)
    await eventually(async () => {
      const reasons = await told('call.refused')
      return ['caller.unauthenticated', 'service.not_allowed'].every(reason => reasons.includes(reason))
    })
  })

  it('R-12: refuse no request and cut no session while each is stopped and started anew in turn', {
    timeout: 300_000,
  }, async () => {
    const shell = await openShell('rolf')
    const { items } = await admin.api.get<{ items: { userName: string; id: string }[] }>(
      '/sessions?state=live',
    )
    expect(items.map(({ userName }) => userName)).toEqual(['rolf'])
    const failures: unknown[] = []
    let answered = 0
    const stop = new AbortController()
    const asking = (async () => {
      for (let turn = 0; !stop.signal.aborted; turn += 1) {
        const asked =
          turn % 4 === 0
            ? admin.api.post('/user-groups', { name: `rolled ${turn}`, userIds: [] })
            : admin.api.get(['/devices?limit=5', '/targets?limit=5', '/templates?limit=5'][turn % 3] ?? '')
        await asked.then(
          () => (answered += 1),
          (failure: unknown) => failures.push(failure),
        )
      }
    })()
    for (const name of serviceNames)
      for (const replica of [0, 1]) {
        // The one that carries the session would drain it: what that does is told by tests of its own.
        if (name === 'session-proxy' && (await carries(replica))) continue
        await stopOne(replica, name)
      }
    stop.abort()
    await asking
    expect(failures).toEqual([])
    shell.shell.write('echo still here\n')
    await shows(shell.shell, 'still here', 10_000)
    expect(await cut(shell)).toBeLessThan(endsWithinMs)
    figure(
      'R-12',
      `11 of 12 processes stopped and started anew: ${answered} requests, 0 failed; the session went on`,
    )
  })

  it('R-01: lose nothing and do nothing twice when each is killed in turn, under load', {
    timeout: 600_000,
  }, async () => {
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await using load = startLoad()
    let killed = 0
    await goesOn(load)
    for (const [index, name] of serviceNames.entries())
      for (const replica of isNightly ? [0, 1] : [index % 2]) {
        await killOne(replica, name)
        killed += 1
        await goesOn(load)
      }
    await expectNothingLost(load)
    figure(
      'R-01',
      `two replicas of each, over Kafka: ${killed} killed in turn, ` +
        `${load.writers.acknowledged().length} writes, ${load.rotations.ended()} rotations, ` +
        `${load.sessions.succeeded()} sessions: 0 lost`,
    )
  })

  it('R-03, R-04: go on without Kafka, and come back after PostgreSQL was killed', {
    timeout: 900_000,
  }, async () => {
    await using load = startLoad()
    await goesOn(load)
    await kafka.kill()
    const shell = await openShell('rita')
    const [written, visited] = [load.writers.acknowledged().length, load.sessions.succeeded()]
    await pause(brokerAwayMs)
    expect(load.writers.acknowledged().length, 'writes without Kafka').toBeGreaterThan(written)
    expect(load.sessions.succeeded(), 'sessions without Kafka').toBeGreaterThan(visited)
    // Revocation has a way of its own.
    expect(await cut(shell)).toBeLessThan(endsWithinMs)
    await kafka.start()
    await goesOn(load)
    await platform.postgres.kill('SIGKILL')
    await platform.postgres.start()
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await goesOn(load)
    await expectNothingLost(load)
    figure(
      'R-04',
      `${load.writers.acknowledged().length} writes with the broker away for ${brokerAwayMs / 1000} s and ` +
        'PostgreSQL killed once: 0 lost',
    )
  })

  it('R-08: keep windows and end sessions in time when the clock of one is two minutes off', async context => {
    const problem = noFalseClock()
    if (problem) return context.skip(problem)
    const clocks = await Promise.all(
      (['access-control', 'session-proxy', 'vault'] as const).map(async name => {
        const clock = await falseClock(platform.directory, name)
        platform.services[name].arm(clock.environment)
        await killOne(0, name)
        return clock
      }),
    )
    for (const clock of clocks) await clock.set('+120')
    const shells = [await openShell('sven'), await openShell('tara')]
    const times = []
    for (const shell of shells) times.push(await cut(shell))
    expect(Math.max(...times)).toBeLessThan(endsWithinMs)
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
  })
})
