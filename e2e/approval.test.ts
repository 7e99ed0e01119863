import { randomBytes } from 'node:crypto'
import { connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runSsh, type SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loginAt } from './support/door.ts'
import { shows, shownBy } from './support/seen.ts'
import {
  type Guarded,
  guard,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from './support/stage.ts'

type Id = { id: string }
type RequestReply = Id & { state: string; version: number; justification: string; approvals: unknown[] }

const tag = 'approved'
const reason = 'Disk is filling up, ticket OPS-4711'
const stack = new AsyncDisposableStack()
let stage: Stage
let host: LinuxHost
let web: Guarded
let bob: Person
let missing: string | undefined

/** Somebody whose sessions take a reason and an approval: by bob, or by a member of the groups given. */
const asker = async (approverGroupIds: readonly string[] = []): Promise<Person> => {
  const person = await stage.person('alice')
  await stage.admin.api.post('/access-groups', {
    name: `group-${randomBytes(3).toString('hex')}`,
    userIds: [person.userId],
    criteria: { deviceTags: tag },
    session: { allowed: true, justification: true, approvals: 1 },
    approverUserIds: [bob.userId],
    approverGroupIds,
  })
  return person
}

const connect = async (
  person: Person,
  options: readonly string[],
  command: readonly string[] = [],
): Promise<SshRun> => runSsh(await loginAt(stage.platform, person, host.account, web), { options, command })

const withReason = ['-o', `SetEnv=SALLYPORT_REASON="${reason}"`]

const pendingOf = (person: Person): Promise<RequestReply> =>
  eventually(async () => {
    const { items } = await person.api.get<{ items: RequestReply[] }>('/requests?scope=mine&state=pending')
    return items[0]
  })

const ask = (person: Person): Promise<RequestReply> =>
  person.api.post('/requests', {
    credentialId: web.credentialId,
    deviceId: web.deviceId,
    action: 'session',
    justification: reason,
  })

const decide = (
  { api }: Pick<Person, 'api'>,
  { id, version }: RequestReply,
  verb: 'approve' | 'disapprove',
  comment = '',
): Promise<RequestReply> => api.post(`/requests/${id}/${verb}`, { comment }, { ifMatch: version })

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  stage = stack.use(await openStage())
  host = stack.use(await openLinuxHost())
  web = await guard(stage.admin.api, host, tag)
  bob = await stage.person('bob', 'approver')
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

describe('a session that needs an approval', () => {
  it('tells a command how to give its reason, then who can approve, and runs it once approved', async () => {
    // Two people: nobody's one-time codes come faster than one each half minute.
    const [alice, other] = [await asker(), await asker()]
    await using without = await connect(other, [], ['id', '-un'])
    without.end()
    expect(await without.exit).toBe(1)
    expect(without.stdout().toString()).toBe('')
    expect(shownBy(without)).toContain('A reason is needed')
    // Exactly what was told, as the shell of its user would read it.
    const told = /-o '(SetEnv=SALLYPORT_REASON=".*")'/.exec(shownBy(without))?.[1] ?? ''

    await using waiting = await connect(alice, ['-o', told.replace('why you need it', reason)], ['id', '-un'])
    waiting.end()
    const request = await pendingOf(alice)
    expect(request.justification).toBe(reason)
    await shows(waiting, 'You may wait here and will be let in')
    expect(shownBy(waiting)).toContain(
      `Request ${request.id} needs 1 approval. It can be given by: ${bob.userName}.`,
    )
    expect(waiting.stdout().toString()).toBe('')
    await decide(bob, request, 'approve')
    expect(await waiting.exit).toBe(0)
    expect(waiting.stdout().toString()).toBe(`${host.account.username}\n`)
  })

  it('asks a shell for its reason, lets nothing through meanwhile, and opens when approved', async () => {
    const alice = await asker()
    await using shell = await connect(alice, ['-tt'])
    await shows(shell, 'Why do you need')
    shell.write(`${reason}\n`)
    await shows(shell, bob.userName)
    shell.write('touch typed-while-waiting\n')
    const request = await pendingOf(alice)
    expect(shownBy(shell)).not.toContain('$ ')
    await decide(bob, request, 'approve')
    await shows(shell, '$ ')
    shell.write('ls typed-while-waiting; echo "in $((6*7))"; exit\n')
    expect(await shell.exit).toBe(0)
    expect(shownBy(shell)).toContain('in 42')
    expect(shownBy(shell)).toMatch(/cannot access|No such file/)
  })

  it('does not open when it is disapproved, and says what the approver wrote', async () => {
    const alice = await asker()
    await using waiting = await connect(alice, withReason, ['true'])
    waiting.end()
    const request = await pendingOf(alice)
    await decide(bob, request, 'disapprove', 'Not during the freeze')
    expect(await waiting.exit).toBe(1)
    expect(shownBy(waiting)).toContain(`Request ${request.id} was disapproved: Not during the freeze`)
  })

  it('stays asked for when its user goes away', async () => {
    const alice = await asker()
    await using shell = await connect(alice, ['-tt'])
    await shows(shell, 'Why do you need')
    shell.write(`${reason}\n`)
    await shows(shell, 'Ctrl-C leaves the request pending')
    shell.write('\x03')
    expect(await shell.exit).toBe(1)
    expect(shownBy(shell)).toContain('stays pending. Connect again when it has been approved.')
    expect((await pendingOf(alice)).state).toBe('pending')
  })
})

describe('an approval by the wrong person', () => {
  const refusal = async (attempt: Promise<unknown>): Promise<string> => {
    const caught: unknown = await attempt.then(
      () => 'was accepted',
      (error: unknown) => error,
    )
    return caught instanceof Error && 'reason' in caught ? String(caught.reason) : String(caught)
  }

  const tokenFor = async ({ api }: Person, permissions: readonly string[]): Promise<Pick<Person, 'api'>> => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const { token } = await api.post<{ token: string }>('/api-tokens', {
      name: 'robot',
      permissions,
      expiresAt,
    })
    return { api: connectApi(api.baseUrl, token) }
  }

  it('is refused to who asked: as they are, by their API token, and through a group of approvers', async () => {
    const { api } = stage.admin
    const group = await api.post<Id & { version: number }>('/user-groups', {
      name: `approvers-${randomBytes(3).toString('hex')}`,
    })
    const alice = await asker([group.id])
    const change = { userIds: [alice.userId] }
    await api.patch(`/user-groups/${group.id}`, change, group.version)
    const request = await ask(alice)
    expect(await refusal(decide(alice, request, 'approve'))).toBe('access_request.self_approval')
    const { permissions } = await alice.api.get<{ permissions: string[] }>('/me')
    const robot = await tokenFor(alice, permissions)
    expect(await refusal(decide(robot, request, 'approve'))).toBe('access_request.self_approval')
    expect((await pendingOf(alice)).approvals).toEqual([])
  })

  it('is refused to an administrator who asked, with every permission there is', async () => {
    const alice = await stage.person('root', 'administrator')
    const group = await stage.admin.api.post<Id>('/access-groups', {
      name: `group-${randomBytes(3).toString('hex')}`,
      userIds: [alice.userId],
      criteria: { deviceTags: tag },
      session: { allowed: true, approvals: 1 },
      approverUserIds: [alice.userId, bob.userId],
    })
    expect(group.id).toBeTruthy()
    const request = await ask(alice)
    expect(await refusal(decide(alice, request, 'approve'))).toBe('access_request.self_approval')
  })

  it('is refused to an approver’s API token, to administrators who are not approvers, and to other people', async () => {
    const alice = await asker()
    const request = await ask(alice)
    const { permissions } = await bob.api.get<{ permissions: string[] }>('/me')
    const robot = await tokenFor(bob, permissions)
    expect(await refusal(decide(robot, request, 'approve'))).toBe('access_request.person_needed')
    expect(await refusal(decide(stage.admin, request, 'approve'))).toBe('access_request.not_approver')
    const carol = await stage.person('carol', 'approver')
    expect(await refusal(decide(carol, request, 'approve'))).toMatch(/not_found|not_approver/)
    const dave = await stage.person('dave')
    expect(await refusal(decide(dave, request, 'approve'))).toBe('access_request.not_found')
    expect((await pendingOf(alice)).approvals).toEqual([])
  })

  it('is refused to another tenant’s administrator, for whom it does not exist', async () => {
    const alice = await asker()
    const request = await ask(alice)
    const name = `tenant-${randomBytes(3).toString('hex')}`
    const { initialPassword } = await stage.admin.api.post<{ initialPassword: string }>('/tenants', {
      name,
      administratorUserName: alice.userName,
    })
    const account = { tenant: name, userName: alice.userName, initialPassword }
    const stranger = await signInFirst(stage.admin.api.baseUrl, account)
    expect(await refusal(decide(stranger, request, 'approve'))).toBe('access_request.not_found')
    expect(await refusal(stranger.api.get(`/requests/${request.id}`))).toBe('access_request.not_found')
    expect((await pendingOf(alice)).approvals).toEqual([])
  })
})
