import { randomBytes } from 'node:crypto'
import { connectApi } from '@sallyport/api-client/api'
import type { Person } from '@sallyport/standalone/demo/person'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { loginAt, sessionsOf } from '../support/door.ts'
import { openMaster, type SshMaster } from '../support/ssh-master.ts'
import {
  type Guarded,
  guard,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from '../support/stage.ts'
import { fiftyTalkers, percentile, processesOf, type Talker, untilEnd } from '../support/talkers.ts'

type Versioned = { id: string; version: number }
type Visitor = Person & { readonly master: SshMaster }

const tag = 'revoked'
const limitMs = 2_000
const stack = new AsyncDisposableStack()
let round = new AsyncDisposableStack()
let stage: Stage
let host: LinuxHost
let web: Guarded
let missing: string | undefined

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  stage = stack.use(await openStage())
  host = stack.use(await openLinuxHost())
  web = await guard(stage.admin.api, host, tag)
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

/** Each round does every kind once with fifty sessions; at night there are twenty rounds. */
const rounds = Array.from({ length: counted(20, 1) }, (_, index) => index + 1)
const [took, bytesAfter]: [number[], number[]] = [[], []]

/** Five people, each with a connection that ends with the round. */
const fiveVisitors = async (to: Guarded = web): Promise<Visitor[]> => {
  const visitors: Visitor[] = []
  for (let count = 0; count < 5; count += 1) {
    const person = await stage.person('alice')
    const login = await loginAt(stage.platform, person, host.account, to)
    visitors.push({ ...person, master: round.use(await openMaster(login)) })
  }
  return visitors
}

type Rule = { approvals?: number; maxWindowSeconds?: number }
type Members = {
  userIds?: readonly string[]
  userGroupIds?: readonly string[]
  approvers?: readonly Person[]
}

const definitionOf = (members: Members, rule: Rule = {}): object => ({
  name: `group-${randomBytes(3).toString('hex')}`,
  userIds: members.userIds ?? [],
  userGroupIds: members.userGroupIds ?? [],
  criteria: { deviceTags: tag },
  session: { allowed: true, ...rule },
  approverUserIds: (members.approvers ?? []).map(({ userId }) => userId),
})

/** An access group for one test: the next one begins without it. */
const group = async (members: Members, rule?: Rule): Promise<Versioned> => {
  const { api } = stage.admin
  const { id, version } = await api.post<Versioned>('/access-groups', definitionOf(members, rule))
  onTestFinished(async () => {
    const left = await api.get<Versioned>(`/access-groups/${id}`).catch(() => undefined)
    if (left) await api.delete(`/access-groups/${id}`, left.version)
  })
  return { id, version }
}

/** How many tests of a round there are. */
const kinds = 9

const idsOf = (people: readonly Person[]): string[] => people.map(({ userId }) => userId)

/** Cuts the sessions and tells how long each took, from the moment at which the cause was there. */
const expectCut = async (
  cause: string,
  talkers: readonly Talker[],
  cut: () => Promise<number>,
  says: RegExp,
): Promise<void> => {
  const start = await cut()
  // The end of a window has no answer that could be waited for.
  const answered = Math.max(0, performance.now() - start)
  const ends = await Promise.all(talkers.map(({ endedAt }) => endedAt))
  const times = ends.map(end => end - start)
  const lastBytes = talkers.map(({ lastByteAt }) => lastByteAt() - start)
  took.push(...times)
  bytesAfter.push(...lastBytes.map(last => Math.max(0, last - answered)))
  expect(Math.max(...times), cause).toBeLessThan(limitMs)
  // Nothing more comes through, and certainly not after the bound that is promised.
  expect(Math.max(...lastBytes), cause).toBeLessThan(limitMs)
  for (const { words } of talkers) expect(words()).toMatch(says)
  await eventually(async () => (await processesOf(host.account.username)) === 0)
}

/** From just before the calls that are the cause. */
const byCalls = (calls: () => readonly Promise<unknown>[]) => async (): Promise<number> => {
  const start = performance.now()
  await Promise.all(calls())
  return start
}

const expectRefused = async ({ master }: Visitor): Promise<void> => {
  const ran = await master.run('echo in')
  expect(ran.stdout.toString()).toBe('')
  expect(ran.status).not.toBe(0)
}

afterAll(() => {
  if (missing) return
  const [p50, p99, max] = [percentile(took, 0.5), percentile(took, 0.99), percentile(took, 1)]
  figure(
    'S-AZ-07',
    `${took.length} sessions revoked in ${kinds} ways: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms; last byte ${percentile(bytesAfter, 1)} ms after the answer`,
  )
})

describe.each(rounds)('S-AZ-07: live sessions end within two seconds, round %i', () => {
  let visitors: Visitor[]
  let bob: Person

  afterAll(async () => {
    await round.disposeAsync()
    round = new AsyncDisposableStack()
  })

  beforeAll(async () => {
    if (missing) return
    visitors = await fiveVisitors()
    bob = await stage.person('bob', 'approver')
  })

  /** Every visitor's request, approved by bob. */
  const approved = (window: { start?: string; end?: string } = {}): Promise<Versioned[]> =>
    Promise.all(
      visitors.map(async ({ api }) => {
        const wanted = { credentialId: web.credentialId, deviceId: web.deviceId, action: 'session' }
        const request = await api.post<Versioned>('/requests', {
          ...wanted,
          justification: 'Ticket OPS-4711',
        })
        return bob.api.post<Versioned>(`/requests/${request.id}/approve`, window, {
          ifMatch: request.version,
        })
      }),
    )

  it('when their request is revoked', async () => {
    await group({ userIds: idsOf(visitors), approvers: [bob] }, { approvals: 1 })
    const requests = await approved()
    const talkers = await fiftyTalkers(visitors)
    const revoke = byCalls(() =>
      requests.map(request =>
        bob.api.post(`/requests/${request.id}/revoke`, {}, { ifMatch: request.version }),
      ),
    )
    await expectCut('revoked request', talkers, revoke, /revoked|ended/i)
    const [session] = await sessionsOf(stage.admin.api, visitors[0] ?? bob)
    expect(session).toMatchObject({ state: 'ended', endReason: 'revoked' })
  })

  it('when their window ends', async () => {
    await group({ userIds: idsOf(visitors), approvers: [bob] }, { approvals: 1 })
    // A window lasts a minute at least; most of this one is over.
    const end = Date.now() + 18_000
    await approved({ start: new Date(end - 65_000).toISOString(), end: new Date(end).toISOString() })
    const talkers = await fiftyTalkers(visitors)
    const untilTheEnd = async (): Promise<number> => performance.now() + (end - Date.now())
    await expectCut('end of the window', talkers, untilTheEnd, /The window of this access has ended/)
  })

  it('when the access group is deleted', async () => {
    const allowed = await group({ userIds: idsOf(visitors) })
    const talkers = await fiftyTalkers(visitors)
    const remove = byCalls(() => [stage.admin.api.delete(`/access-groups/${allowed.id}`, allowed.version)])
    await expectCut('deleted access group', talkers, remove, /./)
    await Promise.all(visitors.map(expectRefused))
  })

  it('when the access group no longer names them, or names their user group', async () => {
    const [first, second, ...others] = visitors
    if (!first || !second) throw new Error('There are five')
    const named = await group({ userIds: idsOf([first]) })
    const members = await stage.admin.api.post<Versioned>('/user-groups', {
      name: `people-${randomBytes(3).toString('hex')}`,
      userIds: [second.userId],
    })
    await group({ userGroupIds: [members.id] })
    const talkers = await fiftyTalkers([first, second])
    const change = byCalls(() => [
      stage.admin.api.put(`/access-groups/${named.id}`, definitionOf({ userIds: idsOf(others) }), {
        ifMatch: named.version,
      }),
      stage.admin.api.patch(`/user-groups/${members.id}`, { userIds: [] }, members.version),
    ])
    await expectCut('edited access group and user group', talkers, change, /./)
    await Promise.all([first, second].map(expectRefused))
  })

  it('when the device loses the tag by which it was allowed', async () => {
    await group({ userIds: idsOf(visitors) })
    const talkers = await fiftyTalkers(visitors.slice(0, 2))
    const device = await stage.admin.api.get<Versioned>(`/devices/${web.deviceId}`)
    const untag = byCalls(() => [
      stage.admin.api.patch(`/devices/${device.id}`, { tags: ['other'] }, device.version),
    ])
    await expectCut('changed device', talkers, untag, /changed|no longer|ended/)
    const changed = await stage.admin.api.get<Versioned>(`/devices/${web.deviceId}`)
    await stage.admin.api.patch(`/devices/${device.id}`, { tags: [tag] }, changed.version)
  })

  it('when the device is deleted', async () => {
    const doomed = await guard(stage.admin.api, host, tag)
    const others = await fiveVisitors(doomed)
    await group({ userIds: idsOf(others) })
    const talkers = await fiftyTalkers(others)
    const { api } = stage.admin
    const credential = await api.get<Versioned>(`/credentials/${doomed.credentialId}`)
    const device = await api.get<Versioned>(`/devices/${doomed.deviceId}`)
    const remove = async (): Promise<number> => {
      const start = performance.now()
      // Nobody deletes a device that a credential is for.
      await api.delete(`/credentials/${credential.id}`, credential.version)
      await api.delete(`/devices/${device.id}`, device.version)
      return start
    }
    await expectCut('deleted device', talkers, remove, /./)
    await Promise.all(others.map(expectRefused))
  })

  it('and what an API token watches, when the token is revoked', async () => {
    const [visitor] = visitors
    if (!visitor) throw new Error('There are five')
    await group({ userIds: [visitor.userId] })
    const [talker] = await fiftyTalkers([visitor], 1)
    const { api } = stage.admin
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const { token, apiToken } = await api.post<{ token: string; apiToken: Versioned }>('/api-tokens', {
      name: 'watcher',
      permissions: ['session.read'],
      expiresAt,
    })
    const session = (await sessionsOf(api, visitor)).find(({ state }) => state === 'live')
    const robot = connectApi(api.baseUrl, token)
    const watched = await robot.fetch('GET', `/sessions/${session?.id}/live`)
    const start = performance.now()
    const ended = untilEnd(watched)
    await api.delete(`/api-tokens/${apiToken.id}`)
    await expect(robot.get('/me')).rejects.toMatchObject({ status: 401 })
    await ended
    took.push(performance.now() - start)
    expect(performance.now() - start).toBeLessThan(limitMs)
    talker?.child.kill()
  })

  it('when their users are disabled', async () => {
    await group({ userIds: idsOf(visitors) })
    const talkers = await fiftyTalkers(visitors)
    const users = await Promise.all(
      visitors.map(({ userId }) => stage.admin.api.get<Versioned>(`/users/${userId}`)),
    )
    const disable = byCalls(() =>
      users.map(user => stage.admin.api.patch(`/users/${user.id}`, { disabled: true }, user.version)),
    )
    await expectCut('disabled users', talkers, disable, /./)
    await Promise.all(visitors.map(expectRefused))
  })

  it('when they are signed out', async () => {
    const others = await fiveVisitors()
    await group({ userIds: idsOf(others) })
    const talkers = await fiftyTalkers(others)
    const logins = await Promise.all(
      others.map(async ({ api }) => {
        const { items } = await api.get<{ items: { id: string; channel: string }[] }>('/login-sessions')
        return { api, id: items.find(({ channel }) => channel === 'ssh')?.id ?? '' }
      }),
    )
    const signOut = byCalls(() => logins.map(({ api, id }) => api.delete(`/login-sessions/${id}`)))
    await expectCut('sign-out', talkers, signOut, /You ended this login/)
    await Promise.all(others.map(expectRefused))
  })
})
