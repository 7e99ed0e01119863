import { Action, Outcome, RequestState } from '@sallyport/contracts/access_control/v1/access'
import { verifyGrant } from '@sallyport/identity/grant'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { describe, expect, it } from 'vitest'
import { auditEvents, by, codeOf, definition, target } from './fixtures.ts'
import { newPerson, roleId } from './logins.ts'
import { accessStage, accessSteps, allow, ids, noCriteria, root, unique } from './stage.ts'

const stage = accessStage()
const { ask, grant, group, isGood } = accessSteps(stage)

describe('a grant', () => {
  it('is issued where a group allows it, and is stated for vault', async () => {
    await group(allow())
    const issued = await grant(stage.ann)
    const keys = createKeyFinder({
      fetch: () => stage.platform.as('vault').authentication.getVerificationKeys({}),
      now: () => performance.now(),
    })
    const claims = await verifyGrant(issued.statement, { keys, now: stage.platform.clock.now() })
    expect(claims).toMatchObject({
      grantId: issued.id,
      subject: { kind: 'user', id: stage.ann.id, name: 'ann' },
      credentialId: root.credentialId,
      deviceId: root.deviceId,
      action: 'session',
      sourceAddress: '192.0.2.9',
      loginSessionId: stage.ann.sessionId,
    })
    expect(await isGood(issued.id)).toBe(true)
    expect(
      (await auditEvents(stage.platform, 'grant.issued')).some(event => event.grantId === issued.id),
    ).toBe(true)
  })

  it('is refused like something that does not exist where no group matches', async () => {
    const other = { ...ids, credentialId: '0197a1b2-0000-7000-8000-00000000ffff' }
    await group(allow(), { criteria: { ...noCriteria, deviceName: 'db-*' } })
    const { grants } = stage.platform.as('session-proxy')
    const options = await by(stage.platform, stage.ann)
    expect(await codeOf(grants.issueGrant({ ...ids, sourceAddress: '' }, options))).toBe('target.not_found')
    expect(await codeOf(grants.issueGrant({ ...other, sourceAddress: '' }, options))).toBe('target.not_found')
    const named = { username: 'root', device: 'web-1', action: Action.SESSION }
    expect(await codeOf(grants.resolveTarget(named, options))).toBe('target.not_found')
    expect(await codeOf(grants.resolveTarget({ ...named, device: 'nowhere' }, options))).toBe(
      'target.not_found',
    )
    expect((await auditEvents(stage.platform, 'access.refused')).length).toBeGreaterThan(0)
  })

  it('is refused with the reason where one of several groups denies', async () => {
    await group(allow())
    await group(allow({ allowed: false }))
    expect(await codeOf(grant(stage.ann))).toBe('access.denied')
  })

  it('is refused to the administrator too', async () => {
    await group(allow())
    expect(await codeOf(grant(stage.admin))).toBe('target.not_found')
  })

  it('cannot be had by those who administer access groups, by any route of their own', async () => {
    const { accessGroups, userGroups } = stage.platform.as('gateway')
    const options = await by(stage.platform, stage.admin)
    const direct = definition({ name: unique('own'), userIds: [stage.ann.id, stage.admin.id] })
    expect(await codeOf(accessGroups.createAccessGroup({ definition: direct }, options))).toBe(
      'access_group.self_grant',
    )
    const { id, version } = await group(allow())
    const widened = { id, version, definition: { ...direct, userIds: [stage.admin.id] } }
    expect(await codeOf(accessGroups.updateAccessGroup(widened, options))).toBe('access_group.self_grant')
    const own = { name: unique('own'), description: '', userIds: [stage.admin.id] }
    expect(await codeOf(userGroups.createUserGroup(own, options))).toBe('access_group.self_grant')
    const { userGroup } = await userGroups.createUserGroup({ ...own, userIds: [stage.ann.id] }, options)
    const joined = { id: userGroup?.id ?? '', version: 1, users: { ids: [stage.ann.id, stage.admin.id] } }
    expect(await codeOf(userGroups.updateUserGroup(joined, options))).toBe('access_group.self_grant')
    expect(await codeOf(grant(stage.admin))).toBe('target.not_found')
  })

  it('is not freed of the stricter rules by the very person whom they bind', async () => {
    const { accessGroups, userGroups } = stage.platform.as('gateway')
    const second = await newPerson(stage.platform, stage.admin, unique('second'), [
      await roleId(stage.platform, stage.admin, 'administrator'),
    ])
    const admin = await by(stage.platform, stage.admin)
    const { userGroup } = await userGroups.createUserGroup(
      { name: unique('bound'), description: '', userIds: [second.id] },
      admin,
    )
    const bound = {
      userIds: [second.id],
      userGroupIds: [userGroup?.id ?? ''],
      approverUserIds: [stage.boss.id],
    }
    const strict = await group(allow({ approvals: 1 }), bound)
    const own = await by(stage.platform, second)
    const freed = definition({ name: unique('freed'), userIds: [stage.ann.id] })
    const [at, of] = [
      { id: strict.id, version: strict.version },
      { id: userGroup?.id ?? '', version: userGroup?.version ?? 0 },
    ]
    const refused = 'access_group.self_grant'
    expect(await codeOf(accessGroups.updateAccessGroup({ ...at, definition: freed }, own))).toBe(refused)
    expect(await codeOf(accessGroups.deleteAccessGroup(at, own))).toBe(refused)
    expect(await codeOf(userGroups.updateUserGroup({ ...of, users: { ids: [] } }, own))).toBe(refused)
    expect(await codeOf(userGroups.deleteUserGroup(of, own))).toBe(refused)
    expect(await codeOf(accessGroups.deleteAccessGroup(at, admin))).toBe('done')
    expect(await codeOf(userGroups.updateUserGroup({ ...of, users: { ids: [] } }, admin))).toBe('done')
  })

  it('ends with the login at the latest', async () => {
    await group(allow({ maxWindowSeconds: 30 * 24 * 3600 }))
    const issued = await grant(stage.ann)
    expect((issued.endsAt?.getTime() ?? 0) - stage.platform.clock.now().getTime()).toBeLessThanOrEqual(
      12 * 3_600_000,
    )
  })

  it('for one action is not one for the other', async () => {
    await group(allow())
    expect(await codeOf(grant(stage.ann, Action.VIEW))).toBe('access.denied')
  })

  it('is given to the execution service for an operation, and to nobody else', async () => {
    const operation = {
      tenantId: stage.ann.tenantId,
      operationId: '0197a1b2-0000-7000-8000-0000000000aa',
      attemptId: '0197a1b2-0000-7000-8000-0000000000ab',
      credentialId: root.credentialId,
      deviceId: root.deviceId,
    }
    expect((await stage.platform.as('execution').grants.issueOperationGrant(operation)).statement).not.toBe(
      '',
    )
    expect(await codeOf(stage.platform.as('gateway').grants.issueOperationGrant(operation))).toBe(
      'service.not_allowed',
    )
    expect(await codeOf(stage.platform.as('session-proxy').grants.issueOperationGrant(operation))).toBe(
      'service.not_allowed',
    )
  })
})

describe('explaining and previewing', () => {
  it('says which group imposed what', async () => {
    const loose = await group(allow())
    const strict = await group(allow({ approvals: 2 }))
    const { decision } = await stage.platform
      .as('gateway')
      .accessGroups.explainAccess({ userId: stage.ann.id, ...ids }, await by(stage.platform, stage.admin))
    expect(decision?.outcome).toBe(Outcome.APPROVAL_REQUIRED)
    expect(decision?.reasons.find(one => one.imposed === 'approvals')?.accessGroupId).toBe(strict.id)
    const allowing = decision?.reasons.filter(one => one.imposed === 'allowed').map(one => one.accessGroupId)
    expect(allowing?.toSorted()).toEqual([loose.id, strict.id].toSorted())
  })

  it('shows whom and what a definition would match, and warns of an open mask', async () => {
    stage.platform.targets.list.push(
      target({ credentialId: ids.deviceId, username: `x-${stage.ann.userName}-x` }),
    )
    const preview = await stage.platform.as('gateway').accessGroups.previewAccessGroup(
      {
        definition: definition({
          userIds: [stage.ann.id],
          criteria: { ...noCriteria, credentialUsername: '*[#USERNAME#]*' },
        }),
      },
      await by(stage.platform, stage.admin),
    )
    expect(preview).toMatchObject({ userNames: [stage.ann.userName], userCount: 1, targetCount: 1 })
    expect(preview.warnings[0]).toContain('other people’s accounts')
  })

  it('lists what somebody may use, with the conditions', async () => {
    await group(allow({ approvals: 1 }))
    await ask(await by(stage.platform, stage.ann))
    const { grants } = stage.platform.as('gateway')
    const mine = await grants.listUsableTargets(
      { page: undefined, search: '' },
      await by(stage.platform, stage.ann),
    )
    expect(
      mine.targets.map(one => [one.target?.username, one.session?.outcome, one.session?.requestState]),
    ).toEqual([['root', Outcome.APPROVAL_REQUIRED, RequestState.PENDING]])
    const others = await grants.listUsableTargets(
      { page: undefined, search: '' },
      await by(stage.platform, stage.boss),
    )
    expect(others.targets).toEqual([])
  })
})
