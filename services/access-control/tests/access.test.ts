import {
  Action,
  Outcome,
  RequestScope,
  RequestState,
  type Rule,
} from '@sallyport/contracts/access_control/v1/access'
import { RequestEnded } from '@sallyport/contracts/events/v1/domain'
import { verifyGrant } from '@sallyport/identity/grant'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  auditEvents,
  by,
  codeOf,
  definition,
  type Options,
  type Person,
  type Platform,
  startPlatform,
  target,
} from './fixtures.ts'
import { firstAdministrator, login, newPerson } from './logins.ts'

let platform: Platform
let admin: Person
let ann: Person
let boss: Person
let chief: Person
let count = 0

const root = target()
const reason = 'the web server is down'

beforeAll(async () => {
  platform = await startPlatform()
  admin = await firstAdministrator(platform)
  ann = await newPerson(platform, admin, 'ann')
  boss = await newPerson(platform, admin, 'boss')
  chief = await newPerson(platform, admin, 'chief')
})

afterAll(() => platform[Symbol.asyncDispose]())

// Everybody's login is fresh in each test, and no access group or open request of an earlier test is left.
beforeEach(async () => {
  platform.clock.advance(60_000)
  const people = await Promise.all([admin, ann, boss, chief].map(person => login(platform, person)))
  const [first, second, third, fourth] = people
  if (!first || !second || !third || !fourth) throw new Error('somebody is missing')
  ;[admin, ann, boss, chief] = [first, second, third, fourth]
  platform.targets.list.splice(0, Infinity, root)
  const { accessGroups } = platform.as('gateway')
  const options = await by(platform, admin)
  for (const { id, version } of (await accessGroups.listAccessGroups({ page: undefined }, options))
    .accessGroups) {
    await accessGroups.deleteAccessGroup({ id, version }, options)
  }
  await cancelOpenRequests()
})

const cancelOpenRequests = async (): Promise<void> => {
  const { requests: client } = platform.as('gateway')
  const options = await by(platform, ann)
  for (const state of [RequestState.PENDING, RequestState.APPROVED]) {
    const { requests } = await client.listRequests(
      { scope: RequestScope.MINE, state, page: undefined },
      options,
    )
    for (const { id, version } of requests) await client.cancelRequest({ id, version }, options)
  }
}

const allow = (changes: Partial<Rule> = {}): Rule => ({
  allowed: true,
  justification: false,
  approvals: 0,
  maxWindowSeconds: 0,
  ...changes,
})

/** An access group for Ann, with Boss and Chief as approvers. */
const group = async (session: Rule, changes = {}) => {
  const { accessGroup } = await platform.as('gateway').accessGroups.createAccessGroup(
    {
      definition: definition({
        name: `group ${count++}`,
        userIds: [ann.id],
        session,
        approverUserIds: [boss.id, chief.id],
        ...changes,
      }),
    },
    await by(platform, admin),
  )
  if (!accessGroup?.definition) throw new Error('no group')
  return { ...accessGroup, definition: accessGroup.definition }
}

const ids = { credentialId: root.credentialId, deviceId: root.deviceId, action: Action.SESSION }

const ask = async (options: Options, changes = {}) => {
  const { request } = await platform
    .as('gateway')
    .requests.createRequest(
      { ...ids, justification: reason, start: undefined, end: undefined, ...changes },
      options,
    )
  if (!request) throw new Error('no request')
  return request
}

const grant = async (person: Person, action: Action = Action.SESSION) => {
  const answer = await platform
    .as('session-proxy')
    .grants.issueGrant({ ...ids, action, sourceAddress: '192.0.2.9' }, await by(platform, person))
  if (!answer.grant) throw new Error('no grant')
  return { ...answer.grant, statement: answer.statement }
}

const vote = { comment: '', start: undefined, end: undefined }

const approve = async (person: Person, request: { id: string; version: number }, changes = {}) => {
  const answer = await platform
    .as('gateway')
    .requests.approveRequest(
      { ...vote, id: request.id, version: request.version, ...changes },
      await by(platform, person),
    )
  if (!answer.request) throw new Error('no request')
  return answer.request
}

const isGood = async (id: string): Promise<boolean> => {
  const answer = await platform.as('vault').grants.checkGrants({ tenantId: ann.tenantId, grantIds: [id] })
  return answer.goodGrantIds.includes(id)
}

const whyEnded = async (id: string): Promise<string | undefined> => {
  const answer = await platform.as('vault').grants.checkGrants({ tenantId: ann.tenantId, grantIds: [id] })
  return answer.endedReasons[id]
}

describe('a grant', () => {
  it('is issued where a group allows it, and is stated for vault', async () => {
    await group(allow())
    const issued = await grant(ann)
    const keys = createKeyFinder({
      fetch: () => platform.as('vault').authentication.getVerificationKeys({}),
      now: () => performance.now(),
    })
    const claims = await verifyGrant(issued.statement, { keys, now: platform.clock.now() })
    expect(claims).toMatchObject({
      grantId: issued.id,
      subject: { kind: 'user', id: ann.id, name: 'ann' },
      credentialId: root.credentialId,
      deviceId: root.deviceId,
      action: 'session',
      sourceAddress: '192.0.2.9',
      loginSessionId: ann.sessionId,
    })
    expect(await isGood(issued.id)).toBe(true)
    expect((await auditEvents(platform, 'grant.issued')).some(event => event.grantId === issued.id)).toBe(
      true,
    )
  })

  it('is refused like something that does not exist where no group matches', async () => {
    const other = { ...ids, credentialId: '0197a1b2-0000-7000-8000-00000000ffff' }
    await group(allow(), { criteria: { ...noCriteria, deviceName: 'db-*' } })
    const { grants } = platform.as('session-proxy')
    const options = await by(platform, ann)
    expect(await codeOf(grants.issueGrant({ ...ids, sourceAddress: '' }, options))).toBe('target.not_found')
    expect(await codeOf(grants.issueGrant({ ...other, sourceAddress: '' }, options))).toBe('target.not_found')
    const named = { username: 'root', device: 'web-1', action: Action.SESSION }
    expect(await codeOf(grants.resolveTarget(named, options))).toBe('target.not_found')
    expect(await codeOf(grants.resolveTarget({ ...named, device: 'nowhere' }, options))).toBe(
      'target.not_found',
    )
    expect((await auditEvents(platform, 'access.refused')).length).toBeGreaterThan(0)
  })

  it('is refused with the reason where one of several groups denies', async () => {
    await group(allow())
    await group(allow({ allowed: false }))
    expect(await codeOf(grant(ann))).toBe('access.denied')
  })

  it('is refused to the administrator too', async () => {
    await group(allow())
    expect(await codeOf(grant(admin))).toBe('target.not_found')
  })

  it('cannot be had by those who administer access groups, by any route of their own', async () => {
    const { accessGroups, userGroups } = platform.as('gateway')
    const options = await by(platform, admin)
    const direct = definition({ name: `own ${count++}`, userIds: [ann.id, admin.id] })
    expect(await codeOf(accessGroups.createAccessGroup({ definition: direct }, options))).toBe(
      'access_group.self_grant',
    )
    const { id, version } = await group(allow())
    const widened = { id, version, definition: { ...direct, userIds: [admin.id] } }
    expect(await codeOf(accessGroups.updateAccessGroup(widened, options))).toBe('access_group.self_grant')
    const own = { name: `own ${count++}`, description: '', userIds: [admin.id] }
    expect(await codeOf(userGroups.createUserGroup(own, options))).toBe('access_group.self_grant')
    const { userGroup } = await userGroups.createUserGroup({ ...own, userIds: [ann.id] }, options)
    const joined = { id: userGroup?.id ?? '', version: 1, users: { ids: [ann.id, admin.id] } }
    expect(await codeOf(userGroups.updateUserGroup(joined, options))).toBe('access_group.self_grant')
    expect(await codeOf(grant(admin))).toBe('target.not_found')
  })

  it('ends with the login at the latest', async () => {
    await group(allow({ maxWindowSeconds: 30 * 24 * 3600 }))
    const issued = await grant(ann)
    expect((issued.endsAt?.getTime() ?? 0) - platform.clock.now().getTime()).toBeLessThanOrEqual(
      12 * 3_600_000,
    )
  })

  it('for one action is not one for the other', async () => {
    await group(allow())
    expect(await codeOf(grant(ann, Action.VIEW))).toBe('access.denied')
  })

  it('is given to the execution service for an operation, and to nobody else', async () => {
    const operation = {
      tenantId: ann.tenantId,
      operationId: '0197a1b2-0000-7000-8000-0000000000aa',
      attemptId: '0197a1b2-0000-7000-8000-0000000000ab',
      credentialId: root.credentialId,
      deviceId: root.deviceId,
    }
    expect((await platform.as('execution').grants.issueOperationGrant(operation)).statement).not.toBe('')
    expect(await codeOf(platform.as('gateway').grants.issueOperationGrant(operation))).toBe(
      'service.not_allowed',
    )
    expect(await codeOf(platform.as('session-proxy').grants.issueOperationGrant(operation))).toBe(
      'service.not_allowed',
    )
  })
})

const noCriteria = {
  deviceName: '',
  deviceAddress: '',
  deviceTags: '',
  deviceType: '',
  deviceSite: '',
  credentialUsername: '',
  credentialTags: '',
  credentialType: '',
  credentialCriticality: '',
}

describe('a justification', () => {
  it('is good at once, for an hour', async () => {
    await group(allow({ justification: true }))
    expect(await codeOf(grant(ann))).toBe('access.justification_required')
    const options = await by(platform, ann)
    expect(await codeOf(ask(options, { justification: 'a b c' }))).toBe('justification.too_short')
    const request = await ask(options)
    expect(request.state).toBe(RequestState.APPROVED)
    expect((await grant(ann)).endsAt).toEqual(new Date(platform.clock.now().getTime() + 3_600_000))
  })
})

describe('an approval', () => {
  it('is needed before the grant, and is somebody else’s', async () => {
    await group(allow({ approvals: 1 }), { approverUserIds: [boss.id, ann.id] })
    expect(await codeOf(grant(ann))).toBe('access.approval_required')
    const request = await ask(await by(platform, ann))
    expect(await codeOf(grant(ann))).toBe('access.approval_required')
    expect(await codeOf(approve(ann, request))).toBe('access_request.self_approval')
    await eventually(async () => {
      const refused = await auditEvents(platform, 'call.refused')
      return refused.some(event => event.details['reason'] === 'access_request.self_approval')
    })
    expect(await codeOf(approve(chief, request))).toBe('access_request.not_found')
    expect(await codeOf(approve(admin, request))).toBe('access_request.not_approver')
    expect((await approve(boss, request)).state).toBe(RequestState.APPROVED)
    expect((await grant(ann)).requestId).toBe(request.id)
  })

  it('is not given by an API token, the requester’s or another’s', async () => {
    await group(allow({ approvals: 1 }), { approverUserIds: [boss.id, ann.id] })
    const request = await ask(await by(platform, ann))
    const tokenOf = async (person: Person): Promise<Options> => {
      const expiresAt = new Date(platform.clock.now().getTime() + 3_600_000)
      const { token } = await platform
        .as('gateway')
        .authentication.createApiToken({ name: 'ci', permissions: [], expiresAt }, await by(platform, person))
      return by(platform, { token })
    }
    const { requests } = platform.as('gateway')
    const command = { ...vote, id: request.id, version: request.version }
    expect(await codeOf(requests.approveRequest(command, await tokenOf(ann)))).toBe(
      'access_request.self_approval',
    )
    expect(await codeOf(requests.approveRequest(command, await tokenOf(boss)))).toBe(
      'access_request.person_needed',
    )
  })

  it('is not given by the requester through a group', async () => {
    const { userGroups } = platform.as('gateway')
    const { userGroup } = await userGroups.createUserGroup(
      { name: `approvers ${count++}`, description: '', userIds: [ann.id, boss.id] },
      await by(platform, admin),
    )
    await group(allow({ approvals: 1 }), { approverUserIds: [], approverGroupIds: [userGroup?.id ?? ''] })
    const request = await ask(await by(platform, ann))
    expect(await codeOf(approve(ann, request))).toBe('access_request.self_approval')
    expect((await approve(boss, request)).state).toBe(RequestState.APPROVED)
  })

  it('is counted once for each person, and two people are two', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(platform, ann))
    const once = await approve(boss, request)
    expect(once.state).toBe(RequestState.PENDING)
    expect(await codeOf(approve(boss, once))).toBe('access_request.already_voted')
    expect((await approve(chief, once)).state).toBe(RequestState.APPROVED)
  })

  it('of two people at once is one of each', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(platform, ann))
    const answers = await Promise.all([boss, chief].map(person => codeOf(approve(person, request))))
    expect(answers.toSorted()).toEqual(['done', 'version.conflict'])
  })

  it('may give a shorter window, and keeps the one that was asked for', async () => {
    await group(allow({ approvals: 1 }))
    const request = await ask(await by(platform, ann))
    const end = new Date(platform.clock.now().getTime() + 600_000)
    const approved = await approve(boss, request, { end })
    expect(approved.end).toEqual(end)
    expect(approved.requestedEnd).toEqual(request.requestedEnd)
    expect((await grant(ann)).endsAt).toEqual(end)
  })

  it('reaches whoever waits for it', async () => {
    await group(allow({ approvals: 1 }))
    const request = await ask(await by(platform, ann))
    const states: RequestState[] = []
    const watching = (async () => {
      const stream = platform
        .as('session-proxy')
        .requests.watchRequest({ id: request.id }, await by(platform, ann))
      for await (const { request: seen } of stream) states.push(seen?.state ?? RequestState.UNSPECIFIED)
    })()
    await eventually(() => states.length === 1)
    await approve(boss, request)
    await watching
    expect(states).toEqual([RequestState.PENDING, RequestState.APPROVED])
  })

  it('is listed for those who may decide, until they have', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(platform, ann))
    const toDecide = async (person: Person): Promise<string[]> => {
      const { requests } = await platform
        .as('gateway')
        .requests.listRequests(
          { scope: RequestScope.TO_DECIDE, state: RequestState.UNSPECIFIED, page: undefined },
          await by(platform, person),
        )
      return requests.map(one => one.id)
    }
    expect(await toDecide(boss)).toContain(request.id)
    expect(await toDecide(ann)).not.toContain(request.id)
    await approve(boss, request)
    expect(await toDecide(boss)).not.toContain(request.id)
    expect(await toDecide(chief)).toContain(request.id)
  })
})

describe('what was granted ends, and the revocation stream says so,', () => {
  /** Ann has a grant on an approved request; the end is brought about; everybody who enforces hears of it. */
  const endsBy = async (
    end: (given: { request: { id: string; version: number }; groupId: string }) => Promise<unknown>,
  ) => {
    const { id: groupId } = await group(allow({ approvals: 1, justification: true }))
    const request = await approve(boss, await ask(await by(platform, ann)))
    const issued = await grant(ann)
    const heard: string[] = []
    const stop = new AbortController()
    const watching = (async () => {
      const stream = platform
        .as('session-proxy')
        .grants.watchRevocations({ afterPosition: 0n }, { signal: stop.signal })
      for await (const { revocation } of stream) heard.push(revocation?.grantId ?? 'heartbeat')
    })().catch(() => {})
    await eventually(() => heard.includes('heartbeat'))
    await end({ request, groupId })
    const ended = performance.now()
    await eventually(() => heard.includes(issued.id))
    expect(performance.now() - ended).toBeLessThan(1_000)
    stop.abort()
    await watching
    expect(await isGood(issued.id)).toBe(false)
    expect(await whyEnded(issued.id)).not.toBe('')
    await eventually(() =>
      platform.driver.published.some(record => record.type === 'GrantEnded' && record.key === issued.id),
    )
    return issued
  }

  it('when the request is revoked by an approver', async () => {
    const issued = await endsBy(async ({ request }) =>
      platform
        .as('gateway')
        .requests.revokeRequest({ ...request, comment: 'enough' }, await by(platform, chief)),
    )
    expect(await whyEnded(issued.id)).toBe('Your request was revoked: enough')
    expect(await codeOf(grant(ann))).toBe('access.approval_required')
    const record = await eventually(() =>
      platform.driver.published.find(one => one.type === 'RequestEnded' && one.key === issued.requestId),
    )
    expect(RequestEnded.decode(record.payload)).toMatchObject({ cause: 'revoked', used: true })
  })

  it('when the requester cancels', async () => {
    await endsBy(async ({ request }) =>
      platform.as('gateway').requests.cancelRequest(request, await by(platform, ann)),
    )
  })

  it('when the user is disabled', async () => {
    const options = await by(platform, admin)
    const { users } = platform.as('gateway')
    const { user } = await users.getUser({ id: ann.id }, options)
    const set = (disabled: boolean, version: number) =>
      users.updateUser({ id: ann.id, version, disabled }, options)
    await endsBy(() => set(true, user?.version ?? 0))
    expect(await codeOf(by(platform, ann))).toBe('caller.unauthenticated')
    await set(false, (user?.version ?? 0) + 1)
    expect(await codeOf(by(platform, ann))).toBe('caller.unauthenticated')
  })

  it('when the user signs out', async () => {
    await endsBy(async () => platform.as('gateway').authentication.logOut({}, await by(platform, ann)))
  })

  it('when somebody else ends the login', async () => {
    await endsBy(async () =>
      platform.as('gateway').authentication.endLoginSession({ id: ann.sessionId }, await by(platform, admin)),
    )
  })

  it('when the password or the second factor is reset', async () => {
    await endsBy(async () =>
      platform.as('gateway').users.resetPassword({ id: ann.id }, await by(platform, admin)),
    )
    ann = await newPerson(platform, admin, `ann-${count++}`)
    await endsBy(async () =>
      platform.as('gateway').users.resetTotp({ id: ann.id }, await by(platform, admin)),
    )
    ann = await newPerson(platform, admin, `ann-${count++}`)
  })

  it('when the access group is deleted', async () => {
    await endsBy(async ({ groupId }) =>
      platform
        .as('gateway')
        .accessGroups.deleteAccessGroup({ id: groupId, version: 1 }, await by(platform, admin)),
    )
  })

  it('when the access group no longer holds the user', async () => {
    await endsBy(async ({ groupId }) =>
      platform.as('gateway').accessGroups.updateAccessGroup(
        {
          id: groupId,
          version: 1,
          definition: definition({ name: `moved ${count++}`, userIds: [boss.id] }),
        },
        await by(platform, admin),
      ),
    )
  })

  it('when another group comes to ask for more', async () => {
    await endsBy(() => group(allow({ approvals: 2 })))
  })

  it('when the login has been idle for too long', async () => {
    await endsBy(async () => platform.clock.advance(31 * 60_000))
  })

  it('when the device no longer matches', async () => {
    const { id } = await group(allow(), { criteria: { ...noCriteria, deviceName: 'web-*' } })
    await platform.as('gateway').accessGroups.deleteAccessGroup({ id, version: 1 }, await by(platform, admin))
    const lonely = await group(allow(), { criteria: { ...noCriteria, deviceName: 'web-*' } })
    const issued = await grant(ann)
    platform.targets.list.splice(0, 1, { ...root, deviceName: 'db-1' })
    await publishTargetsChanged(root.deviceId)
    await eventually(async () => !(await isGood(issued.id)))
    expect(lonely.version).toBe(1)
  })

  it('when the credential is gone', async () => {
    await group(allow())
    const issued = await grant(ann)
    platform.targets.list.splice(0, 1)
    await publishTargetsChanged(root.deviceId)
    await eventually(async () => !(await isGood(issued.id)))
    expect(await whyEnded(issued.id)).toContain('changed')
  })

  it('when a user leaves the user group that gave it', async () => {
    const { userGroups } = platform.as('gateway')
    const options = await by(platform, admin)
    const { userGroup } = await userGroups.createUserGroup(
      { name: `members ${count++}`, description: '', userIds: [ann.id] },
      options,
    )
    if (!userGroup) throw new Error('no group')
    await group(allow(), { userIds: [], userGroupIds: [userGroup.id] })
    const issued = await grant(ann)
    await userGroups.updateUserGroup({ id: userGroup.id, version: 1, users: { ids: [] } }, options)
    expect(await isGood(issued.id)).toBe(false)
  })

  it('when the API token is revoked that it came through', async () => {
    await group(allow())
    const { authentication } = platform.as('gateway')
    const expiresAt = new Date(platform.clock.now().getTime() + 3_600_000)
    const made = await authentication.createApiToken(
      { name: 'ci', permissions: [], expiresAt },
      await by(platform, ann),
    )
    const issued = await grant({ ...ann, token: made.token })
    await authentication.revokeApiToken({ id: made.apiToken?.id ?? '' }, await by(platform, ann))
    expect(await isGood(issued.id)).toBe(false)
  })
})

const publishTargetsChanged = async (deviceId: string): Promise<void> => {
  const { TargetsChanged } = await import('@sallyport/contracts/events/v1/domain')
  const { uuidV7 } = await import('@sallyport/database/uuid-v7')
  await platform.driver.publish([
    {
      id: uuidV7(),
      topic: 'sallyport.vault.v1',
      key: deviceId,
      tenantId: ann.tenantId,
      type: 'TargetsChanged',
      source: 'sallyport/vault',
      time: platform.clock.now(),
      payload: TargetsChanged.encode({
        tenantId: ann.tenantId,
        deviceId,
        credentialId: '',
        deleted: false,
      }).finish(),
    },
  ])
}

describe('the end of a window', () => {
  it('expires the request and announces what it gave as over', async () => {
    await group(allow({ justification: true }))
    const request = await ask(await by(platform, ann))
    const issued = await grant(ann)
    platform.clock.advance(25 * 60_000)
    await by(platform, ann)
    platform.clock.advance(25 * 60_000)
    await by(platform, ann)
    platform.clock.advance(10 * 60_000)
    expect(await isGood(issued.id)).toBe(false)
    const ended = await eventually(() =>
      platform.driver.published.find(one => one.type === 'RequestEnded' && one.key === request.id),
    )
    expect(RequestEnded.decode(ended.payload)).toMatchObject({ cause: 'window-over', used: true })
    const { request: seen } = await platform
      .as('gateway')
      .requests.getRequest({ id: request.id }, await by(platform, ann))
    expect(seen?.state).toBe(RequestState.EXPIRED)
    expect(await codeOf(grant(ann))).toBe('access.justification_required')
  })
})

describe('a revocation that came while nobody listened', () => {
  it('is read from the position that was seen last', async () => {
    await group(allow())
    const read = async (afterPosition: bigint): Promise<{ grants: string[]; position: bigint }> => {
      const stop = new AbortController()
      const grants: string[] = []
      let position = afterPosition
      const { grants: client } = platform.as('vault')
      for await (const message of client.watchRevocations({ afterPosition }, { signal: stop.signal })) {
        position = message.position
        if (message.revocation === undefined) break
        grants.push(message.revocation.grantId)
      }
      stop.abort()
      return { grants, position }
    }
    const { position } = await read(0n)
    const issued = await grant(ann)
    await platform.as('gateway').authentication.logOut({}, await by(platform, ann))
    expect((await read(position)).grants).toEqual([issued.id])
  })
})

describe('explaining and previewing', () => {
  it('says which group imposed what', async () => {
    const loose = await group(allow())
    const strict = await group(allow({ approvals: 2 }))
    const { decision } = await platform
      .as('gateway')
      .accessGroups.explainAccess({ userId: ann.id, ...ids }, await by(platform, admin))
    expect(decision?.outcome).toBe(Outcome.APPROVAL_REQUIRED)
    expect(decision?.reasons.find(one => one.imposed === 'approvals')?.accessGroupId).toBe(strict.id)
    const allowing = decision?.reasons.filter(one => one.imposed === 'allowed').map(one => one.accessGroupId)
    expect(allowing?.toSorted()).toEqual([loose.id, strict.id].toSorted())
  })

  it('shows whom and what a definition would match, and warns of an open mask', async () => {
    platform.targets.list.push(target({ credentialId: ids.deviceId, username: `x-${ann.userName}-x` }))
    const preview = await platform.as('gateway').accessGroups.previewAccessGroup(
      {
        definition: definition({
          userIds: [ann.id],
          criteria: { ...noCriteria, credentialUsername: '*[#USERNAME#]*' },
        }),
      },
      await by(platform, admin),
    )
    expect(preview).toMatchObject({ userNames: [ann.userName], userCount: 1, targetCount: 1 })
    expect(preview.warnings[0]).toContain('other people’s accounts')
  })

  it('lists what somebody may use, with the conditions', async () => {
    await group(allow({ approvals: 1 }))
    await ask(await by(platform, ann))
    const { grants } = platform.as('gateway')
    const mine = await grants.listUsableTargets({ page: undefined, search: '' }, await by(platform, ann))
    expect(
      mine.targets.map(one => [one.target?.username, one.session?.outcome, one.session?.requestState]),
    ).toEqual([['root', Outcome.APPROVAL_REQUIRED, RequestState.PENDING]])
    const others = await grants.listUsableTargets({ page: undefined, search: '' }, await by(platform, boss))
    expect(others.targets).toEqual([])
  })
})

describe('a grant and an end at the same time', () => {
  it('never leave a grant that lives on', async () => {
    await group(allow())
    for (let round = 0; round < 8; round++) {
      ann = await login(platform, ann)
      const options = await by(platform, ann)
      const [issued] = await Promise.allSettled([
        platform.as('session-proxy').grants.issueGrant({ ...ids, sourceAddress: '' }, options),
        platform.as('gateway').authentication.logOut({}, options),
      ])
      if (issued.status === 'fulfilled') expect(await isGood(issued.value.grant?.id ?? '')).toBe(false)
    }
  })
})
