import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceName } from '@sallyport/identity/services'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crashPlaces } from '../support/crash-places.ts'
import { hurryOperations } from '../support/hurry.ts'
import { missingOf, settled, unrecordedOf } from '../support/load/accounts.ts'
import { startRotations } from '../support/load/rotations.ts'
import { startSessions } from '../support/load/sessions.ts'
import { startWriters } from '../support/load/writers.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { opens, operationsOf, reveal, setPolicy } from '../support/rotation.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, type Guarded, guard, type Host } from '../support/stage.ts'
import { connectSuperuserAt, type Superuser } from '../support/superuser.ts'

type Death = { readonly service: ServiceName; readonly place: string | undefined }

const accounts = 3
const readyWithinMs = 3_000

/** Each service at a random moment, and then at its named places; from the start again when the list is over. */
const deathsOf = (count: number): Death[] => {
  const services = Object.keys(crashPlaces) as ServiceName[]
  const random = services.map(service => ({ service, place: undefined }))
  const named = services.flatMap(service => crashPlaces[service].map(place => ({ service, place })))
  // Shuffled, so that the gate's few are others each time.
  const shuffled = named
    .map(death => ({ death, order: Math.random() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ death }) => death)
  const all: Death[] = []
  while (all.length < count) all.push(...random, ...shuffled)
  return all.slice(0, count)
}

const stack = new AsyncDisposableStack()
let platform: Processes
let admin: Person
/** With a rate limit of their own: what they use up, the administrator has left. */
let writer: Person
let visitors: readonly Person[]
let hosts: readonly Host[]
let guarded: readonly Guarded[]
let superuser: Superuser

beforeAll(async () => {
  platform = stack.use(await startProcesses())
  superuser = stack.use(await connectSuperuserAt(platform.postgres.adminUrl()))
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  writer = await createPerson(admin.api, 'writer', 'administrator')
  const names = ['alice', 'bob', 'carol']
  visitors = await Promise.all(names.map(name => createPerson(admin.api, name, 'user')))
  const opened = await Promise.all(
    Array.from({ length: accounts }, async () => stack.use(await openSmallHost())),
  )
  hosts = opened
  guarded = await Promise.all(opened.map(host => guard(admin.api, host, 'load')))
  for (const one of guarded) await setPolicy(admin.api, one, { maxAttempts: 20 })
  await allow(admin.api, 'load', visitors, { session: { allowed: true } })
})
afterAll(() => stack.disposeAsync())

/** Lets one service die; gives how long the next run took to serve, or undefined if the place was not reached. */
const kill = async ({ service, place }: Death): Promise<number | undefined> => {
  const supervised = platform.services[service]
  if (place !== undefined) supervised.arm({ SALLYPORT_CRASH_AT: place })
  else await pause(Math.random() * 300)
  const run = supervised.runs()
  supervised.kill('SIGKILL')
  const readyAfterMs = await supervised.ready(run + 1)
  if (service === 'execution') await freeLeases()
  if (place === undefined) return readyAfterMs
  const died = await eventually(() => supervised.runs() > run + 1, 5_000).catch(() => false)
  // Nobody must come to the place later, when nothing is meant to die any more.
  if (!died) supervised.kill('SIGKILL')
  const again = await supervised.ready(run + 2)
  if (service === 'execution') await freeLeases()
  return died ? again : undefined
}

/** Spares the test half a minute: the lease of a worker that is dead ends now. */
const freeLeases = (): Promise<unknown> =>
  superuser.query(`update execution.operations set lease_until = now() where state = 'running'`)

describe('R-01: services that are killed with SIGKILL under load', () => {
  const deaths = deathsOf(counted(500, 8))

  it('lose no acknowledged write, no password and no audit record', { timeout: 10_800_000 }, async () => {
    await using _ = hurryOperations(platform.postgres.adminUrl())
    const times: number[] = []
    const unreached: string[] = []
    const load = new AsyncDisposableStack()
    const writers = load.use(startWriters(writer.api, 4))
    const rotations = load.use(startRotations(admin.api, guarded.slice(1)))
    const [first] = guarded
    const target = { username: hosts[0]?.account.username ?? '', deviceName: first?.deviceName ?? '' }
    const sessions = load.use(startSessions(platform, visitors, target))
    await eventually(() => sessions.succeeded() > 0 && rotations.ended() > 0, 60_000)
    for (const death of deaths) {
      const took = await kill(death)
      if (took === undefined) unreached.push(`${death.service} ${death.place}`)
      else times.push(took)
    }
    await platform.ready()
    const [written, visited] = [writers.acknowledged().length, sessions.succeeded()]
    await eventually(() => writers.acknowledged().length > written && sessions.succeeded() > visited, 60_000)
    await load.disposeAsync()
    await freeLeases()
    await settled(superuser)

    const acknowledged = writers.acknowledged()
    expect(writers.surprises()).toEqual([])
    expect(await missingOf(superuser, acknowledged), 'acknowledged and not stored').toEqual([])
    expect(await unrecordedOf(superuser, acknowledged), 'not recorded exactly once').toEqual([])
    // Somebody new: the full count takes longer than an idle person stays signed in.
    const user = await createPerson(admin.api, 'dave', 'user')
    await allow(admin.api, 'load', [user], { view: { allowed: true } })
    for (const [index, host] of hosts.entries()) {
      const { secret } = await reveal(user.api, guarded[index] ?? fail())
      expect(await opens(host, secret), 'the password in the vault').toBe(true)
    }
    const operations = (await Promise.all(guarded.map(one => operationsOf(admin.api, one)))).flat()
    expect(operations.filter(({ state }) => state !== 'succeeded')).toEqual([])
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
    const slowest = Math.max(...times)
    const usual = times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
    // Not the slowest: that one tells how busy the machine is otherwise.
    expect(usual, 'milliseconds until a service served again').toBeLessThanOrEqual(readyWithinMs)
    figure(
      'R-01',
      `${deaths.length} kills, ${acknowledged.length} writes, ${rotations.ended()} rotations, ` +
        `${sessions.succeeded()} sessions: 0 lost; ready again after ${usual} ms, ${slowest} at most` +
        (unreached.length > 0 ? `; ${unreached.length} places not reached` : ''),
    )
  })
})

const fail = (): never => {
  throw new Error('There is none')
}
