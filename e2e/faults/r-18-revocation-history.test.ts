import type { Person } from '@sallyport/standalone/demo/person'
import { type Api, ApiProblem } from '@sallyport/api-client/api'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anomaliesOf, type Event } from '../support/access-history.ts'
import { openSmallHost } from '../support/small-host.ts'
import { connectSuperuser, type Superuser } from '../support/superuser.ts'
import { allow, guard, openStage, type Stage } from '../support/stage.ts'

const unlimited = 10_000_000
const workers = 8
const people = 6
const credentialsEach = 4

const stack = new AsyncDisposableStack()
let stage: Stage
let users: Person[]
let approver: Person
let deviceId: string
let credentials: string[]
let database: Superuser

beforeAll(async () => {
  const limits = {
    read: unlimited,
    write: unlimited,
    login: unlimited,
    secret: unlimited,
    badTokens: unlimited,
  }
  stage = stack.use(await openStage({ limits }))
  database = stack.use(await connectSuperuser(stage.platform))
  const host = stack.use(await openSmallHost())
  const { api } = stage.admin
  deviceId = (await guard(api, host, 'history')).deviceId
  credentials = []
  for (let made = 0; made < credentialsEach; made += 1) {
    const { id } = await api.post<{ id: string }>('/credentials', {
      username: `account-${made}`,
      type: 'local-user',
      secretKind: 'password',
      deviceIds: [deviceId],
      initialSecret: { secret: `value-${made}-0` },
    })
    credentials.push(id)
  }
  users = await Promise.all(Array.from({ length: people }, (_, index) => stage.person(`user-${index}`)))
  approver = await stage.person('approver', 'approver')
  const view = { allowed: true, justification: true, approvals: 1 }
  await allow(api, 'history', users, { view, approvers: [approver] })
})
afterAll(() => stack.disposeAsync())

/**
 * Breaks the connections by which the end of a grant is told: the stream is then up to a second behind, and so is the
 * event. What was acknowledged meanwhile has to count all the same.
 */
const delayRevocations = (): Promise<unknown> =>
  database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'access-control notifications'
     or application_name = 'access-control worker' and pid in (select pid from pg_locks where locktype = 'advisory')`,
  )

/** A refusal, or that a service was too busy to say. */
const isAnswer = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && (error.status < 500 || error.status === 503)

const versionOf = (api: Api, path: string): Promise<number> =>
  eventually(async () => (await api.get<{ version: number }>(path)).version)

type Begun = Omit<Event, 'from' | 'to' | 'done'>

type Pick = { readonly user: number; readonly credential: number; readonly verb: number }

// They go on from one seed to the next: an approval that nobody revoked still holds.
const history: Event[] = []
type Access = { readonly of: string; readonly user: Person; readonly credential: string }
const pending: (Access & { readonly id: string })[] = []
const open: (Access & { readonly id: string })[] = []
type Ticket = Access & { readonly ticket: string }
const tickets: Ticket[] = []

/** What one worker after the other does, chosen by a seed, on whatever the others made meanwhile. */
const play = async (seed: number, count: number): Promise<void> => {
  const now = (): number => performance.now()
  let values = 0

  const noted = async <T>(event: Begun, work: () => Promise<T>): Promise<T | undefined> => {
    const from = now()
    try {
      const result = await work()
      history.push({ ...event, from, to: now(), done: true })
      return result
    } catch (error) {
      if (!isAnswer(error)) throw error
      // After a 503 nobody knows: it may have taken effect, at any time from then on. Only nothing was given.
      const unknown = error.status === 503 && event.kind !== 'ticket'
      history.push({ ...event, from, to: unknown ? Infinity : now(), done: unknown })
      return undefined
    }
  }
  const reveal = async ({ of, user, credential, ticket }: Ticket): Promise<void> => {
    const from = now()
    const shown = await user.api
      .post<{ secret: string }>('/reveal-tickets/redeem', { ticket })
      .catch((error: unknown) => {
        if (isAnswer(error)) return undefined
        throw error
      })
    const value = shown?.secret ?? ''
    history.push({ kind: 'show', of, credential, ticket, value, from, to: now(), done: !!shown })
  }
  const takeTicket = (at: number): Ticket[] => tickets.splice(at, 1)
  const ticketOf = ({ of }: Access): number => tickets.findIndex(ticket => ticket.of === of)
  const revoke = async (late: boolean): Promise<void> => {
    // Rather one that somebody has a ticket for, which must be worthless from here on.
    const at = open.findIndex(access => ticketOf(access) >= 0)
    const [request] = open.splice(Math.max(0, at), 1)
    if (!request) return
    const body = { comment: 'no longer needed' }
    const version = await versionOf(stage.admin.api, `/requests/${request.id}`)
    if (late) await delayRevocations()
    await noted({ kind: 'revoke', of: request.of, request: request.id }, () =>
      stage.admin.api.post(`/requests/${request.id}/revoke`, body, { ifMatch: version }),
    )
    for (let n = ticketOf(request); n >= 0; n = ticketOf(request))
      await Promise.all(takeTicket(n).map(reveal))
  }
  const one = async ({ user: userAt, credential: credentialAt, verb }: Pick): Promise<void> => {
    const user = users[userAt % people]
    const credential = credentials[credentialAt % credentials.length]
    if (!user || !credential) throw new Error('there are some')
    const of = `${user.userId} ${credential}`
    if (verb < 20) {
      const wish = { credentialId: credential, deviceId, action: 'view', justification: 'ticket OPS-4713' }
      const made = await noted({ kind: 'ask', of }, () => user.api.post<{ id: string }>('/requests', wish))
      if (made) pending.push({ id: made.id, of, user, credential })
    } else if (verb < 40) {
      const [request] = pending.splice(0, 1)
      if (!request) return
      const version = await versionOf(approver.api, `/requests/${request.id}`)
      await noted({ kind: 'approve', of: request.of, request: request.id }, () =>
        approver.api.post(`/requests/${request.id}/approve`, {}, { ifMatch: version }),
      )
      open.push(request)
    } else if (verb < 65) {
      // Mostly of what was approved; now and then of anything.
      const access = (verb < 60 && open[(userAt + credentialAt) % open.length]) || { of, user, credential }
      const made = await noted({ kind: 'ticket', of: access.of }, () =>
        access.user.api.post<{ ticket: string }>(`/credentials/${access.credential}/reveal`, { deviceId }),
      )
      if (made) tickets.push({ ...access, ticket: made.ticket })
    } else if (verb < 80) {
      const taken = takeTicket(Math.floor(tickets.length / 2))
      // Now and then twice at once: it is good for one of them.
      await Promise.all([...taken, ...(userAt % 2 === 0 ? taken : [])].map(reveal))
    } else if (verb < 90) {
      const version = await versionOf(stage.admin.api, `/credentials/${credential}`)
      values += 1
      const value = `value-${credentialAt % credentials.length}-${seed}-${values}`
      await noted({ kind: 'set', of, credential, value }, () =>
        stage.admin.api.put(`/credentials/${credential}/secret`, { secret: value }, { ifMatch: version }),
      )
    } else await revoke(userAt % 2 === 0)
  }
  const choices = fc.sample(
    fc.record({ user: fc.nat(), credential: fc.nat(), verb: fc.integer({ min: 0, max: 99 }) }),
    { numRuns: count, seed },
  )
  const queue = choices.values()
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const choice of queue) await one(choice)
    }),
  )
}

describe('R-18: no secret after a revocation was acknowledged, whatever else happens meanwhile', () => {
  test('the history of concurrent calls is one that could have happened one after the other', async () => {
    const seeds = counted(10, 1)
    const each = counted(10_000, 400)
    for (let seed = 1; seed <= seeds; seed += 1) {
      await play(seed, each)
      expect(anomaliesOf(history, id => `value-${credentials.indexOf(id)}-`)).toEqual([])
    }
    const done = (kind: Event['kind']): number =>
      history.filter(event => event.kind === kind && event.done && event.to < Infinity).length
    const [shown, revoked, calls] = [done('show'), done('revoke'), history.length]
    expect(shown).toBeGreaterThan(seeds * 5)
    expect(revoked).toBeGreaterThan(seeds * 5)
    figure(
      'R-18',
      `${calls.toLocaleString('en')} calls, ${revoked} revocations, ${shown} secrets shown, 0 anomalies`,
    )
  }, 10_800_000)
})
