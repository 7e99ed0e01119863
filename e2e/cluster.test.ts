import { setTimeout as pause } from 'node:timers/promises'
import { DeviceServiceService } from '@sallyport/contracts/vault/v1/inventory'
import { createReport } from '@sallyport/standalone/demo/report'
import { watchLive } from '@sallyport/standalone/demo/live-view'
import type { Person } from '@sallyport/standalone/demo/person'
import { tellStory } from '@sallyport/standalone/demo/story'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { type Api, ApiProblem, connectApi } from '@sallyport/api-client/api'
import { defaultLimits } from '@sallyport/gateway/config'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc } from '@sallyport/rpc/client'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import { startSmallTarget } from '@sallyport/targets/small-target'
import { eventually } from '@sallyport/testing/eventually'
import type { Kafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Business, openBusiness } from './support/business.ts'
import { certificateIn } from './support/certificates.ts'
import { killReplica, openCluster } from './support/cluster.ts'
import { falseClock, noFalseClock } from './support/false-clock.ts'
import { hurryOperations } from './support/hurry.ts'
import type { Processes } from './support/processes.ts'
import { allBut, rollOne, startAsking } from './support/rolling.ts'
import { shows } from './support/seen.ts'
import { connectSuperuserAt } from './support/superuser.ts'

type Records = { readonly items: readonly { readonly details: Readonly<Record<string, string>> }[] }

const everything = { page: undefined, search: '', tag: '', type: '', site: '' }
const endsWithinMs = 2_000
const brokerAwayMs = counted(300_000, 5_000)
const stack = new AsyncDisposableStack()
let missing: string | undefined
let kafka: Kafka
let platform: Processes
let admin: Person
let business: Business

beforeAll(async () => {
  missing = missingKafka()
  if (missing) return
  const cluster = stack.use(await openCluster())
  kafka = cluster.kafka
  platform = cluster.platform
}, 240_000)
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

const certificateOf = (name: ServiceName): Promise<TlsMaterial> =>
  certificateIn(platform.services[name].environment)

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
    business = stack.use(await openBusiness(platform, admin, 'cluster'))
  })

  it('show a live session through whichever is asked, and end it on whichever has it', async () => {
    const shells = [
      await business.openShell('nina'),
      await business.openShell('olaf'),
      await business.openShell('pia'),
    ]
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
    for (const shell of shells) times.push(await business.cut(shell))
    expect(Math.max(...times), 'milliseconds until a session had ended').toBeLessThan(endsWithinMs)
  })

  it('have one limit for what a person may do in a minute', async () => {
    await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
    const [row] = await superuser.query('select extract(second from now())::float8 as second')
    // Counts end with the minute.
    const second = Number(row?.['second'])
    if (second > 45) await pause((60.5 - second) * 1_000)
    const { api } = await createPerson(admin.api, 'urs', 'user')
    const gateways = platform.replicas.map(({ gateway }) =>
      connectApi(`http://127.0.0.1:${gateway.environment['SALLYPORT_GATEWAY_PORT']}`, api.token),
    )
    const perGateway = 100
    expect(perGateway).toBeLessThan(defaultLimits.secret)
    expect(perGateway * gateways.length).toBeGreaterThan(defaultLimits.secret)
    const ask = (gateway: Api): Promise<number> =>
      gateway.post('/reveal-tickets/redeem', { ticket: 'none' }).then(
        () => 200,
        (failure: unknown) => (failure instanceof ApiProblem ? failure.status : 0),
      )
    const askOften = async (gateway: Api): Promise<number[]> => {
      const statuses: number[] = []
      for (; statuses.length < perGateway; await pause(40)) statuses.push(await ask(gateway))
      return statuses
    }
    const statuses = (await Promise.all(gateways.map(askOften))).flat()
    expect(statuses.filter(status => status === 429).length, 'of calls over the limit').toBeGreaterThan(0)
    expect(await Promise.all(gateways.map(ask))).toEqual([429, 429])
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
    const shell = await business.openShell('rolf')
    const { items } = await admin.api.get<{ items: { userName: string; id: string }[] }>(
      '/sessions?state=live',
    )
    expect(items.map(({ userName }) => userName)).toEqual(['rolf'])
    // The proxy that carries the session would drain it: what that does is told by tests of its own.
    const others = await allBut(platform, 'rolf')
    expect(others).toHaveLength(11)
    await using asking = startAsking(admin.api)
    for (const one of others) await rollOne(platform, one)
    await asking[Symbol.asyncDispose]()
    expect(asking.failures()).toEqual([])
    shell.shell.write('echo still here\n')
    await shows(shell.shell, 'still here', 10_000)
    expect(await business.cut(shell)).toBeLessThan(endsWithinMs)
    figure(
      'R-12',
      `11 of 12 processes stopped and started anew: ${asking.answered()} requests, 0 failed; the session went on`,
    )
  })

  it('R-01: lose nothing and do nothing twice when each is killed in turn, under load', {
    timeout: 600_000,
  }, async () => {
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await using load = business.startLoad()
    let killed = 0
    await business.goesOn(load)
    for (const [index, name] of serviceNames.entries())
      for (const replica of isNightly ? [0, 1] : [index % 2]) {
        await killReplica(platform, replica, name)
        killed += 1
        await business.goesOn(load)
      }
    await business.expectNothingLost(load)
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
    await using load = business.startLoad()
    await business.goesOn(load)
    await kafka.kill()
    const shell = await business.openShell('rita')
    const [written, visited] = [load.writers.acknowledged().length, load.sessions.succeeded()]
    await pause(brokerAwayMs)
    expect(load.writers.acknowledged().length, 'writes without Kafka').toBeGreaterThan(written)
    expect(load.sessions.succeeded(), 'sessions without Kafka').toBeGreaterThan(visited)
    // Revocation has a way of its own.
    expect(await business.cut(shell)).toBeLessThan(endsWithinMs)
    await kafka.start()
    await business.goesOn(load)
    await platform.postgres.kill('SIGKILL')
    await platform.postgres.start()
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await business.goesOn(load)
    await business.expectNothingLost(load)
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
        await killReplica(platform, 0, name)
        return clock
      }),
    )
    await Promise.all(clocks.map(clock => clock.set('+120')))
    const shells = [await business.openShell('sven'), await business.openShell('tara')]
    const times = []
    for (const shell of shells) times.push(await business.cut(shell))
    expect(Math.max(...times)).toBeLessThan(endsWithinMs)
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
  })
})
