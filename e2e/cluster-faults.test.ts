import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { platformTopics } from '@sallyport/audit/events/topics'
import { kafkaClient } from '@sallyport/events/kafka-client'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import { createServiceAuthority, type ServiceAuthority } from '@sallyport/rpc/authority'
import { openChannel } from '@sallyport/rpc/channel'
import { type Api, ApiProblem } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { eventually } from '@sallyport/testing/eventually'
import type { Kafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { counted, figure } from '@sallyport/testing/proof'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Business, openBusiness, type OpenShell } from './support/business.ts'
import { certificateIn, fits, serialAt } from './support/certificates.ts'
import { killReplica, openCluster } from './support/cluster.ts'
import { faultPlaces } from './support/fault-places.ts'
import { hurryOperations } from './support/hurry.ts'
import { breakOutboxes, faultNames } from './support/outbox-fault.ts'
import type { Processes } from './support/processes.ts'
import { replay } from './support/recording.ts'
import { opens, operationsOf, reveal, versionsOf } from './support/rotation.ts'
import { shownBy } from './support/seen.ts'
import { mountSmallDisk, noSmallDisk, type SmallDisk } from './support/small-disk.ts'
import type { Guarded, Host } from './support/stage.ts'
import { connectSuperuserAt, type Superuser } from './support/superuser.ts'
import type { Links } from './support/service-environment.ts'
import { unlimited } from './support/unlimited.ts'
import { clear, layNetwork, type Network, type Weather } from './support/weather.ts'

const endsWithinMs = 2_000
/** Two seconds until a service is taken as gone, and one that a busy machine takes. */
const answeredWithinMs = 2_500
const stack = new AsyncDisposableStack()
let missing: string | undefined
let noDisk: string | undefined
let disk: SmallDisk
let network: Network
let wayToDatabase: Network
let wayToKafka: Network
let kafka: Kafka
let platform: Processes
let superuser: Superuser
let admin: Person
let reader: Person
let business: Business

beforeAll(async () => {
  missing = missingKafka()
  if (missing) return
  noDisk = await noSmallDisk()
  if (!noDisk) disk = stack.use(await mountSmallDisk(16))
  network = stack.use(layNetwork())
  wayToDatabase = stack.use(layNetwork())
  wayToKafka = stack.use(layNetwork())
  const links: Links = (_caller, callee, port) => (callee === 'postgres' ? wayToDatabase : network).lay(port)
  const recordings = noDisk ? {} : { SALLYPORT_RECORDING_DIRECTORY: disk.path }
  const cluster = stack.use(
    await openCluster({
      links,
      wayToKafka: wayToKafka.lay,
      environment: { gateway: unlimited, 'session-proxy': recordings },
    }),
  )
  kafka = cluster.kafka
  platform = cluster.platform
  superuser = stack.use(await connectSuperuserAt(platform.postgres.adminUrl()))
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  business = stack.use(await openBusiness(platform, admin, 'faults'))
  reader = await business.reader()
}, 240_000)
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

type Outcome = { readonly status: number; readonly reason: string; readonly ms: number }

const outcomeOf = async (call: () => Promise<unknown>): Promise<Outcome> => {
  const startedAt = performance.now()
  const answer = await call().then(
    () => ({ status: 200, reason: '' }),
    (failure: unknown) => (failure instanceof ApiProblem ? failure : { status: 0, reason: String(failure) }),
  )
  return { status: answer.status, reason: answer.reason, ms: performance.now() - startedAt }
}

/** Calls all the time, for so long; then waits for the last answer. */
const callsFor = async (ms: number, api: Api, path: string): Promise<readonly Outcome[]> => {
  const calls: Promise<Outcome>[] = []
  for (const until = performance.now() + ms; performance.now() < until; await pause(100))
    calls.push(outcomeOf(() => api.get(path)))
  return Promise.all(calls)
}

const whatFailed = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ status }) => status !== 200)

const fail = (): never => {
  throw new Error('There is none')
}

/** The account whose password changes. */
const web = (): Guarded => business.guarded[1] ?? fail()
const host = (): Host => business.hosts[1] ?? fail()

/** What the replicas of a service have counted together. */
const counterOf = async (name: ServiceName, counter: RegExp): Promise<number> =>
  (await platform.metrics(name))
    .split('\n')
    .filter(line => counter.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)

/** Fits into what a broker takes at once. */
const piece = 200

/** Puts every event that there is into its topic again, so many times; gives how many that were. */
const publishAgain = async (times: number): Promise<number> => {
  const client = kafkaClient({ brokers: [kafka.broker], clientId: 'echo' }, { error() {}, warn() {} })
  const topics = platformTopics.map(({ topic }) => topic)
  const operator = client.admin()
  const consumer = client.consumer({ groupId: `echo-${randomUUID()}` })
  const producer = client.producer()
  await Promise.all([operator.connect(), consumer.connect(), producer.connect()])
  try {
    const offsets = await Promise.all(topics.map(topic => operator.fetchTopicOffsets(topic)))
    const count = offsets.flat().reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    const found: { topic: string; message: Message }[] = []
    await consumer.subscribe({ topics, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ topic, message: { key, value, headers } }) => {
        if (found.length < count) found.push({ topic, message: { key, value, headers: headers ?? {} } })
      },
    })
    await eventually(() => found.length === count, 60_000)
    for (const [topic, some] of Map.groupBy(found, ({ topic: name }) => name)) {
      const messages = some.map(({ message }) => message)
      for (let time = 0; time < times; time += 1)
        for (let from = 0; from < messages.length; from += piece)
          await producer.send({ topic, messages: messages.slice(from, from + piece) })
    }
    return count * times
  } finally {
    await Promise.all([operator.disconnect(), consumer.disconnect(), producer.disconnect()])
  }
}

describe('Two replicas of every service, and a fault', () => {
  const places = counted(faultPlaces.length, 3)
  const chosen = faultPlaces
    .map(place => ({ place, order: Math.random() }))
    .toSorted((one, other) => one.order - other.order)
    .slice(0, places)

  it.each(chosen)(
    'R-02: a password change whose workers die $place is finished by whoever lives, once',
    async ({ place }) => {
      const { secret: before } = await reveal(reader.api, web())
      const versions = await versionsOf(admin.api, web())
      const workers = platform.replicas.map(({ execution }) => execution)
      for (const [replica, worker] of workers.entries()) {
        worker.arm({ SALLYPORT_CRASH_AT: place })
        await killReplica(platform, replica, 'execution')
      }
      const runs = (): number => workers.reduce((sum, worker) => sum + worker.runs(), 0)
      const atFirst = runs()
      let seen = atFirst
      await using _ = hurryOperations(platform.postgres.adminUrl(), { workerLives: true })
      // They serve again; the gateway may not have noticed yet.
      await eventually(() => admin.api.get(routes.execution))
      await admin.api.post(`/credentials/${web().credentialId}/rotate`)
      await eventually(async () => {
        if (runs() > seen) {
          seen = runs()
          await superuser.query(`update execution.operations set lease_until = now() where state = 'running'`)
        }
        const [newest] = await operationsOf(admin.api, web())
        return newest?.state === 'succeeded'
      }, 60_000)
      // The last place comes after the success.
      await eventually(() => runs() > atFirst, 10_000)
      // Of what is armed still, nobody dies later.
      for (const [replica] of workers.entries()) await killReplica(platform, replica, 'execution')
      const { secret: after } = await reveal(reader.api, web())
      expect(await opens(host(), after), 'the password in the vault').toBe(true)
      expect(await opens(host(), before), 'the old password').toBe(false)
      expect(await versionsOf(admin.api, web())).toHaveLength(versions.length + 1)
    },
  )

  it.each(faultNames)('R-05: nothing is done that neither replica can record: %s', async fault => {
    const name = `unrecorded ${randomUUID()}`
    const ask: Readonly<Record<string, () => Promise<unknown>>> = {
      group: () => admin.api.post('/user-groups', { name, userIds: [] }),
      device: () =>
        admin.api.post('/devices', {
          name,
          address: '192.0.2.7',
          type: 'linux-server',
          connectivities: [{ protocol: 'ssh', port: 22 }],
        }),
      template: () => admin.api.post('/templates', { name, executor: 'ssh', source: 'exec "passwd"\n' }),
      secret: () => reveal(reader.api, web()),
      evidence: () => admin.api.get('/audit/records?limit=1'),
    }
    const asked = async (): Promise<Outcome[]> => {
      const outcomes: Outcome[] = []
      // Calls go round: each replica is asked.
      for (const call of Object.values(ask)) outcomes.push(await outcomeOf(call), await outcomeOf(call))
      return outcomes
    }
    const broken = await breakOutboxes(superuser, fault)
    const refused = await asked()
    await broken[Symbol.asyncDispose]()
    expect(new Set(refused.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(['503 audit.unavailable']),
    )
    for (const table of ['access_control.user_groups', 'vault.devices', 'execution.templates'])
      expect(await superuser.query(`select from ${table} where name = $1`, [name]), table).toEqual([])
    for (const call of Object.values(ask)) expect(await outcomeOf(call)).toMatchObject({ status: 200 })
  })

  it('R-06: sessions of both end when their disk is full, and nothing was shown that is not recorded', async context => {
    if (noDisk) return context.skip(noDisk)
    const names = ['una', 'vera', 'will', 'xaver']
    const shells: OpenShell[] = []
    for (const name of names) shells.push(await business.openShell(name))
    for (const { shell } of shells) shell.write('while echo $RANDOM $$ tick; do :; done\n')
    await eventually(() => shells.every(({ shell }) => shell.stdout().byteLength > 10_000), 20_000)
    const carriers = 'select distinct instance from session_proxy.sessions where ended_at is null'
    expect(await superuser.query(carriers)).toHaveLength(2)
    await disk.fill()
    for (const { shell } of shells) await shell.exit
    await disk.empty()
    type Listed = { items: { id: string; userName: string }[] }
    const { items } = await eventually(async () => {
      const listed = await admin.api.get<Listed>('/sessions?state=ended&limit=200')
      return names.every(name => listed.items.some(({ userName }) => userName === name)) && listed
    }, 20_000)
    for (const [index, { shell }] of shells.entries()) {
      expect(shownBy(shell)).toContain('can no longer be recorded')
      const { id } = items.find(({ userName }) => userName === names[index]) ?? fail()
      const { output } = await replay(admin.api, id)
      const [shown = ''] = shell.stdout().toString('utf8').split('\rsallyport: ')
      expect(output.startsWith(shown), 'shown, and not recorded').toBe(true)
    }
    const next = await business.openShell('yves')
    expect(await business.cut(next)).toBeLessThan(endsWithinMs)
  })

  const routes = {
    'access-control': '/user-groups?limit=1',
    vault: '/devices?limit=1',
    execution: '/templates?limit=1',
    'session-proxy': '/sessions?limit=1',
    audit: '/audit/records?limit=1',
  } as const
  /** Together what does not depend on each other. */
  const groups: readonly (readonly (keyof typeof routes)[])[] = [
    ['access-control'],
    ['vault'],
    ['execution', 'session-proxy', 'audit'],
  ]

  it.each(groups.map(group => ({ group, name: group.join(', ') })))(
    'R-09: $name: one that stands still is noticed within two seconds, and the other does its work',
    async ({ group }) => {
      const calls = async (ms: number): Promise<readonly Outcome[]> =>
        (await Promise.all(group.map(name => callsFor(ms, admin.api, routes[name])))).flat()
      const signal = (which: 'SIGSTOP' | 'SIGCONT'): void => {
        for (const name of group) platform.services[name].kill(which)
      }
      await eventually(async () => whatFailed(await calls(1_000)).length === 0, 30_000)
      signal('SIGSTOP')
      const atFirst = await calls(answeredWithinMs)
      const later = await calls(3_000)
      signal('SIGCONT')
      const failed = whatFailed(atFirst)
      expect(failed.length, 'calls that met it').toBeGreaterThan(0)
      expect(failed.filter(({ status }) => status !== 503)).toEqual([])
      expect(Math.max(0, ...failed.map(({ ms }) => ms))).toBeLessThan(answeredWithinMs)
      expect(whatFailed(later), 'with one of each that stands still').toEqual([])
      await eventually(async () => whatFailed(await calls(500)).length === 0, 20_000)
    },
  )

  it('R-10: in bad weather everything goes on, nothing is asked again and again, and nothing is lost', {
    timeout: 900_000,
  }, async () => {
    const bad: Weather = { delayMs: 100, jitterMs: 50, loss: 0.05 }
    const storms = counted(180, 12)
    const stormMs = 1_000
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await using load = business.startLoad(8)
    await business.goesOn(load)
    const answered = () => counterOf('gateway', /^sallyport_http_requests_total\{/)
    const askedWho = () =>
      counterOf(
        'access-control',
        /^sallyport_rpc_requests_total\{method="AuthenticationService\/Authenticate"/,
      )
    const before = { answered: await answered(), asked: await askedWho() }
    network.set(bad)
    let struck = 0
    for (let storm = 0; storm < storms; storm += 1) {
      for (const ways of [network, wayToDatabase, wayToKafka])
        struck += storm % 3 === 0 ? ways.halfOpen(0.3) : ways.reset(0.3)
      await pause(stormMs)
    }
    await business.goesOn(load)
    const shell = await business.openShell('zoe')
    const endedAfter = await business.cut(shell)
    const perRequest = ((await askedWho()) - before.asked) / ((await answered()) - before.answered)
    network.set(clear)
    await business.goesOn(load)
    await business.expectNothingLost(load)
    expect(perRequest, 'who it is, asked for each request').toBeLessThan(1.5)
    expect(endedAfter, 'milliseconds until a session had ended').toBeLessThan(endsWithinMs)
    figure(
      'R-10',
      `${storms} storms at 200 ± 100 ms a round trip with 5 % lost, ${struck} connections reset or half open: ` +
        `${load.writers.acknowledged().length} writes, ${load.rotations.ended()} rotations, ` +
        `${load.sessions.succeeded()} sessions, 0 lost; ${perRequest.toFixed(2)} questions a request; ` +
        `a session ended after ${Math.round(endedAfter)} ms`,
    )
  })

  it('R-16: events that come ten times, and leaders that lose their connections, have one effect', {
    timeout: 300_000,
  }, async () => {
    await using _ = hurryOperations(platform.postgres.adminUrl())
    await using load = business.startLoad()
    await business.goesOn(load)
    let lost = 0
    for (let round = 0; round < counted(60, 3); round += 1) {
      // Whoever leads holds a lock as long as its connection lasts.
      const killed = await superuser.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted`,
      )
      lost += killed.length
      await business.goesOn(load)
    }
    const copies = await publishAgain(9)
    expect(copies).toBeGreaterThan(0)
    await business.goesOn(load)
    await business.expectNothingLost(load)
    figure(
      'R-16',
      `two replicas of each, over Kafka: ${copies} copies of events, ${lost} leaders cut off, ` +
        `${load.writers.acknowledged().length} writes: one effect each`,
    )
  })

  /** Connects to every process with what stands in the files just now, as one does that has just started. */
  const arriveNow = async (): Promise<void> => {
    const tls = await certificateIn(platform.services.gateway.environment)
    if (!fits(tls)) return
    for (const { environment } of platform.replicas.map(({ vault }) => vault)) {
      const address = `127.0.0.1:${environment['SALLYPORT_VAULT_PORT']}`
      using channel = openChannel({ service: 'vault', address, tls })
      if (!(await channel.connects(2_000))) throw new Error('A newcomer was not let in')
    }
  }

  /** Reads secrets and connects anew all the time; gives what went wrong, and how often nothing did. */
  const readingWhile = async (work: () => Promise<void>): Promise<{ shown: number; failures: unknown[] }> => {
    const over = new AbortController()
    const failures: unknown[] = []
    let shown = 0
    const read = async (): Promise<void> => {
      while (!over.signal.aborted)
        await reveal(reader.api, web()).then(
          () => (shown += 1),
          (failure: unknown) => failures.push(failure),
        )
    }
    const arrive = async (): Promise<void> => {
      for (; !over.signal.aborted; await pause(200))
        await arriveNow().catch(failure => failures.push(failure))
    }
    const reading = Promise.all([read(), read(), arrive()])
    try {
      await work()
    } finally {
      over.abort()
      await reading
    }
    return { shown, failures }
  }

  /** Gives every process a certificate that is new, and waits until each shows it. */
  const renewed = async (issuer: ServiceAuthority, trusted: Buffer): Promise<void> => {
    const serials = await platform.certificates.renew(issuer, trusted)
    const shows = async (name: ServiceName): Promise<boolean> => {
      const ports = platform.replicas.map(
        replica => replica[name].environment[`SALLYPORT_${name.toUpperCase().replaceAll('-', '_')}_PORT`],
      )
      const shown = await Promise.all(ports.map(port => serialAt(Number(port))))
      return shown.every(serial => serial === serials[name])
    }
    // Nobody calls the gateway over gRPC, so that it shows its own to nobody here.
    for (const name of serviceNames) if (name !== 'gateway') await eventually(() => shows(name), 30_000)
  }

  it('S-K8-03: certificates are renewed again and again, and no call fails', {
    timeout: 1_200_000,
  }, async () => {
    const { authority } = platform.certificates
    const [renewals, everyMs] = [counted(10, 2), counted(60_000, 0)]
    const { shown, failures } = await readingWhile(async () => {
      for (let renewal = 0; renewal < renewals; renewal += 1) {
        await renewed(authority, authority.certificate)
        await pause(everyMs)
      }
    })
    expect(failures).toEqual([])
    figure(
      'S-K8-03',
      `certificates of 12 processes renewed ${renewals} times, ${shown} secrets shown meanwhile, 0 errors`,
    )
  })

  it('R-11: keys of every kind, and the authority of all certificates, change while secrets are read', {
    timeout: 300_000,
  }, async () => {
    type Rotation = { id: string; state: string }
    const rotated = async (scope: 'root' | 'tenant'): Promise<void> => {
      const { id } = await admin.api.post<Rotation>('/key-rotations', { scope })
      await eventually(async () => {
        const { state } = await admin.api.get<Rotation>(`/key-rotations/${id}`)
        expect(state).not.toBe('failed')
        return state === 'done'
      }, 60_000)
    }
    const { authority: old } = platform.certificates
    const next = await createServiceAuthority()
    const both = Buffer.concat([old.certificate, next.certificate])
    const rounds = counted(20, 2)
    const { shown, failures } = await readingWhile(async () => {
      for (let round = 0; round < rounds; round += 1) {
        await Promise.all([rotated('tenant'), rotated('root'), admin.api.post('/signing-keys/rotate')])
      }
      // As docs/cluster.md tells an operator: first everybody trusts both, then shows the new one, then trusts that only.
      await renewed(old, both)
      await renewed(next, both)
      await renewed(next, next.certificate)
    })
    expect(failures).toEqual([])
    figure(
      'R-11',
      `two replicas of each: ${rounds * 3} rotations and a new authority in three steps, ` +
        `${shown} secrets shown meanwhile, 0 errors`,
    )
  })
})
