import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Flood, FloodOptions } from '../support/load/flood.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { startProgram } from '../support/program.ts'
import { unlimited } from '../support/unlimited.ts'

// Long enough for a moment in which the machine does something else not to decide.
const seconds = counted(30, 16)
const connections = 1_000
const goodputOfPeak = 0.8
const urgentWithinMs = 2_000
const recoversWithinMs = 5_000

const path = '/devices?limit=1'
let platform: Processes
let people: readonly Person[]

const start = async (replicas: number): Promise<void> => {
  platform = await startProcesses({ environment: { gateway: unlimited }, replicas })
  const { apiUrl, initialPassword } = platform
  const admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  const names = ['alice', 'bob', 'carol', 'dave']
  const others = await Promise.all(names.map(name => createPerson(admin.api, name, 'administrator')))
  people = [admin, ...others]
}

const load = async (options: Pick<FloodOptions, 'connections' | 'rate' | 'seconds'>): Promise<Flood> => {
  const tokens = people.map(({ api }) => api.token ?? '')
  const whole: FloodOptions = { url: platform.apiUrl, path, tokens, ...options }
  await using program = startProgram('e2e/support/load/flood-main.ts', [JSON.stringify(whole)])
  await program.exit
  return JSON.parse(program.printed()) as Flood
}

/** Does something urgent again and again while the flood lasts; gives what each took, or what it failed with. */
const during = async (whole: Promise<unknown>, act: () => Promise<unknown>): Promise<unknown[]> => {
  const over = new AbortController()
  const ended = whole.finally(() => over.abort())
  const outcomes: unknown[] = []
  while (!over.signal.aborted) {
    const startedAt = performance.now()
    outcomes.push(
      await act().then(
        () => performance.now() - startedAt,
        (failure: unknown) => failure,
      ),
    )
    await pause(250)
  }
  await ended
  return outcomes
}

const slowestOf = (outcomes: readonly unknown[]): number =>
  Math.max(...outcomes.filter(outcome => typeof outcome === 'number'))

const failuresOf = (outcomes: readonly unknown[]): unknown[] =>
  outcomes.filter(outcome => typeof outcome !== 'number').map(String)

describe.each([1, 2])('R-15: five times the load that can be carried by %i of each service', replicas => {
  beforeAll(() => start(replicas))
  afterAll(() => platform[Symbol.asyncDispose]())

  it('is shed; the rest is served, people sign in, access is revoked, and it recovers', async () => {
    const [admin] = people
    if (!admin) throw new Error('There is nobody')
    const newToken = (): Promise<{ apiToken: { id: string } }> =>
      admin.api.post('/api-tokens', {
        name: `token-${randomUUID()}`,
        permissions: ['device.read'],
        expiresAt: new Date(Date.now() + 3_600_000),
      })
    const tokens: { apiToken: { id: string } }[] = []
    // Two for each second, and no more at once than are at work in a room.
    while (tokens.length < seconds * 2)
      tokens.push(...(await Promise.all(Array.from({ length: 16 }, newToken))))
    const revokeToken = async (): Promise<void> => {
      const token = tokens.pop()
      if (token) await admin.api.delete(`/api-tokens/${token.apiToken.id}`)
    }
    // Of the service that the flood is for, whose room is full: that there is no such custody, vault alone can tell.
    const forceCheckIn = (): Promise<void> =>
      expect(
        admin.api.post(`/custodies/${randomUUID()}/force-check-in`, { reason: 'needed elsewhere' }),
      ).rejects.toMatchObject({ status: 404 })
    await load({ connections: 32, seconds: 2 })
    const peak = (await load({ connections: 32, seconds: 4 })).perSecond[200] ?? 0

    const flooded = load({ connections, rate: peak * 5, seconds })
    const anonymous = connectApi(platform.apiUrl)
    const { userName, password } = admin
    let turn = 0
    const [revocations, logins] = await Promise.all([
      during(flooded, () => {
        turn += 1
        return turn % 2 === 0 ? revokeToken() : forceCheckIn()
      }),
      during(flooded, () =>
        anonymous.post('/login', { tenant: 'default', userName, password, transport: 'token' }),
      ),
    ])
    const { perSecond, p99 } = await flooded
    const overAt = performance.now()
    await eventually(async () => {
      const startedAt = performance.now()
      await admin.api.get(path)
      return performance.now() - startedAt < 200
    }, 20_000)
    const recovery = performance.now() - overAt

    const { 200: goodput = 0, 429: tooMany = 0, 503: shed = 0, ...others } = perSecond
    expect(others, 'any other answer').toEqual({})
    // Each connection is told once a second at most.
    const manyTold = Math.min(peak, connections / 2)
    expect(shed + tooMany, 'turned away a second').toBeGreaterThan(manyTold)
    expect(goodput / peak, `${goodput} of ${peak} a second`).toBeGreaterThanOrEqual(goodputOfPeak)
    expect(failuresOf(revocations), 'revocations that failed').toEqual([])
    expect(failuresOf(logins), 'sign-ins that failed').toEqual([])
    expect(slowestOf(revocations), 'the slowest revocation').toBeLessThan(urgentWithinMs)
    expect(slowestOf(logins), 'the slowest sign-in').toBeLessThan(urgentWithinMs)
    expect(recovery, 'milliseconds until all was well again').toBeLessThan(recoversWithinMs)
    const round = Math.round
    figure(
      'R-15',
      `${replicas} of each: peak ${round(peak)}/s; at 5 times that ${round((goodput / peak) * 100)} % of it served with p99 ` +
        `${round(p99)} ms, ${round(shed + tooMany)}/s shed, ${revocations.length} revocations ` +
        `(slowest ${round(slowestOf(revocations))} ms) and ${logins.length} sign-ins ` +
        `(${round(slowestOf(logins))} ms); well again after ${round(recovery)} ms`,
    )
  })
})
