import { RequestEnded } from '@sallyport/contracts/events/v1/domain'
import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, it } from 'vitest'
import { by, codeOf, definition } from './fixtures.ts'
import { newPerson } from './logins.ts'
import { accessStage, accessSteps, allow, noCriteria, root, unique } from './stage.ts'

const stage = accessStage()
const { approve, ask, grant, group, isGood, whyEnded } = accessSteps(stage)

describe('what was granted ends, and the revocation stream says so,', () => {
  /** Ann has a grant on an approved request; the end is brought about; everybody who enforces hears of it. */
  const endsBy = async (
    end: (given: { request: { id: string; version: number }; groupId: string }) => Promise<unknown>,
  ) => {
    const { id: groupId } = await group(allow({ approvals: 1, justification: true }))
    const request = await approve(stage.boss, await ask(await by(stage.platform, stage.ann)))
    const issued = await grant(stage.ann)
    const heard: string[] = []
    const stop = new AbortController()
    const watching = (async () => {
      const stream = stage.platform
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
      stage.platform.driver.published.some(
        record => record.type === 'GrantEnded' && record.key === issued.id,
      ),
    )
    return issued
  }

  it('when the request is revoked by an approver', async () => {
    const issued = await endsBy(async ({ request }) =>
      stage.platform
        .as('gateway')
        .requests.revokeRequest({ ...request, comment: 'enough' }, await by(stage.platform, stage.chief)),
    )
    expect(await whyEnded(issued.id)).toBe('Your request was revoked: enough')
    expect(await codeOf(grant(stage.ann))).toBe('access.approval_required')
    const record = await eventually(() =>
      stage.platform.driver.published.find(
        one => one.type === 'RequestEnded' && one.key === issued.requestId,
      ),
    )
    expect(RequestEnded.decode(record.payload)).toMatchObject({ cause: 'revoked', used: true })
  })

  it('when the requester cancels', async () => {
    await endsBy(async ({ request }) =>
      stage.platform.as('gateway').requests.cancelRequest(request, await by(stage.platform, stage.ann)),
    )
  })

  it('when the user is disabled', async () => {
    const options = await by(stage.platform, stage.admin)
    const { users } = stage.platform.as('gateway')
    const { user } = await users.getUser({ id: stage.ann.id }, options)
    const set = (disabled: boolean, version: number) =>
      users.updateUser({ id: stage.ann.id, version, disabled }, options)
    await endsBy(() => set(true, user?.version ?? 0))
    expect(await codeOf(by(stage.platform, stage.ann))).toBe('caller.unauthenticated')
    await set(false, (user?.version ?? 0) + 1)
    expect(await codeOf(by(stage.platform, stage.ann))).toBe('caller.unauthenticated')
  })

  it('when the user signs out', async () => {
    await endsBy(async () =>
      stage.platform.as('gateway').authentication.logOut({}, await by(stage.platform, stage.ann)),
    )
  })

  it('when somebody else ends the login', async () => {
    await endsBy(async () =>
      stage.platform
        .as('gateway')
        .authentication.endLoginSession({ id: stage.ann.sessionId }, await by(stage.platform, stage.admin)),
    )
  })

  it('when the password or the second factor is reset', async () => {
    await endsBy(async () =>
      stage.platform
        .as('gateway')
        .users.resetPassword({ id: stage.ann.id }, await by(stage.platform, stage.admin)),
    )
    stage.ann = await newPerson(stage.platform, stage.admin, unique('ann'))
    await endsBy(async () =>
      stage.platform
        .as('gateway')
        .users.resetTotp({ id: stage.ann.id }, await by(stage.platform, stage.admin)),
    )
    stage.ann = await newPerson(stage.platform, stage.admin, unique('ann'))
  })

  it('when the access group is deleted', async () => {
    await endsBy(async ({ groupId }) =>
      stage.platform
        .as('gateway')
        .accessGroups.deleteAccessGroup({ id: groupId, version: 1 }, await by(stage.platform, stage.admin)),
    )
  })

  it('when the access group no longer holds the user', async () => {
    await endsBy(async ({ groupId }) =>
      stage.platform.as('gateway').accessGroups.updateAccessGroup(
        {
          id: groupId,
          version: 1,
          definition: definition({ name: unique('moved'), userIds: [stage.boss.id] }),
        },
        await by(stage.platform, stage.admin),
      ),
    )
  })

  it('when another group comes to ask for more', async () => {
    await endsBy(() => group(allow({ approvals: 2 })))
  })

  it('when the login has been idle for too long', async () => {
    await endsBy(async () => stage.platform.clock.advance(31 * 60_000))
  })

  it('when the device no longer matches', async () => {
    const { id } = await group(allow(), { criteria: { ...noCriteria, deviceName: 'web-*' } })
    await stage.platform
      .as('gateway')
      .accessGroups.deleteAccessGroup({ id, version: 1 }, await by(stage.platform, stage.admin))
    const lonely = await group(allow(), { criteria: { ...noCriteria, deviceName: 'web-*' } })
    const issued = await grant(stage.ann)
    stage.platform.targets.list.splice(0, 1, { ...root, deviceName: 'db-1' })
    await publishTargetsChanged(root.deviceId)
    await eventually(async () => !(await isGood(issued.id)))
    expect(lonely.version).toBe(1)
  })

  it('when the credential is gone', async () => {
    await group(allow())
    const issued = await grant(stage.ann)
    stage.platform.targets.list.splice(0, 1)
    await publishTargetsChanged(root.deviceId)
    await eventually(async () => !(await isGood(issued.id)))
    expect(await whyEnded(issued.id)).toContain('changed')
  })

  it('when a user leaves the user group that gave it', async () => {
    const { userGroups } = stage.platform.as('gateway')
    const options = await by(stage.platform, stage.admin)
    const { userGroup } = await userGroups.createUserGroup(
      { name: unique('members'), description: '', userIds: [stage.ann.id] },
      options,
    )
    if (!userGroup) throw new Error('no group')
    await group(allow(), { userIds: [], userGroupIds: [userGroup.id] })
    const issued = await grant(stage.ann)
    await userGroups.updateUserGroup({ id: userGroup.id, version: 1, users: { ids: [] } }, options)
    expect(await isGood(issued.id)).toBe(false)
  })

  it('when the API token is revoked that it came through', async () => {
    await group(allow())
    const { authentication } = stage.platform.as('gateway')
    const expiresAt = new Date(stage.platform.clock.now().getTime() + 3_600_000)
    const made = await authentication.createApiToken(
      { name: 'ci', permissions: [], expiresAt },
      await by(stage.platform, stage.ann),
    )
    const issued = await grant({ ...stage.ann, token: made.token })
    await authentication.revokeApiToken({ id: made.apiToken?.id ?? '' }, await by(stage.platform, stage.ann))
    expect(await isGood(issued.id)).toBe(false)
  })
})

const publishTargetsChanged = async (deviceId: string): Promise<void> => {
  const { TargetsChanged } = await import('@sallyport/contracts/events/v1/domain')
  const { uuidV7 } = await import('@sallyport/database/uuid-v7')
  await stage.platform.driver.publish([
    {
      id: uuidV7(),
      topic: 'sallyport.vault.v1',
      key: deviceId,
      tenantId: stage.ann.tenantId,
      type: 'TargetsChanged',
      source: 'sallyport/vault',
      time: stage.platform.clock.now(),
      payload: TargetsChanged.encode({
        tenantId: stage.ann.tenantId,
        deviceId,
        credentialId: '',
        deleted: false,
      }).finish(),
    },
  ])
}
