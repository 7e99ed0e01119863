import { RequestScope, RequestState } from '@sallyport/contracts/access_control/v1/access'
import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, it } from 'vitest'
import { auditEvents, by, codeOf, type Options, type Person } from './fixtures.ts'
import { accessStage, accessSteps, allow, unique, vote } from './stage.ts'

const stage = accessStage()
const { approve, ask, grant, group } = accessSteps(stage)

/** The inbox of somebody. */
const toDecide = async (person: Person): Promise<string[]> => {
  const { requests } = await stage.platform
    .as('gateway')
    .requests.listRequests(
      { scope: RequestScope.TO_DECIDE, state: RequestState.UNSPECIFIED, page: undefined },
      await by(stage.platform, person),
    )
  return requests.map(one => one.id)
}

describe('a justification', () => {
  it('is good at once, for an hour', async () => {
    await group(allow({ justification: true }))
    expect(await codeOf(grant(stage.ann))).toBe('access.justification_required')
    const options = await by(stage.platform, stage.ann)
    expect(await codeOf(ask(options, { justification: 'a b c' }))).toBe('justification.too_short')
    const request = await ask(options)
    expect(request.state).toBe(RequestState.APPROVED)
    expect((await grant(stage.ann)).endsAt).toEqual(
      new Date(stage.platform.clock.now().getTime() + 3_600_000),
    )
  })
})

describe('an approval', () => {
  it('is needed before the grant, and is somebody else’s', async () => {
    await group(allow({ approvals: 1 }), { approverUserIds: [stage.boss.id, stage.ann.id] })
    expect(await codeOf(grant(stage.ann))).toBe('access.approval_required')
    const request = await ask(await by(stage.platform, stage.ann))
    expect(await codeOf(grant(stage.ann))).toBe('access.approval_required')
    expect(await codeOf(approve(stage.ann, request))).toBe('access_request.self_approval')
    await eventually(async () => {
      const refused = await auditEvents(stage.platform, 'call.refused')
      return refused.some(event => event.details['reason'] === 'access_request.self_approval')
    })
    expect(await codeOf(approve(stage.chief, request))).toBe('access_request.not_found')
    expect(await codeOf(approve(stage.admin, request))).toBe('access_request.not_approver')
    expect((await approve(stage.boss, request)).state).toBe(RequestState.APPROVED)
    expect((await grant(stage.ann)).requestId).toBe(request.id)
  })

  it('is not given by an API token, the requester’s or another’s', async () => {
    await group(allow({ approvals: 1 }), { approverUserIds: [stage.boss.id, stage.ann.id] })
    const request = await ask(await by(stage.platform, stage.ann))
    const tokenOf = async (person: Person): Promise<Options> => {
      const expiresAt = new Date(stage.platform.clock.now().getTime() + 3_600_000)
      const { token } = await stage.platform
        .as('gateway')
        .authentication.createApiToken(
          { name: 'ci', permissions: [], expiresAt },
          await by(stage.platform, person),
        )
      return by(stage.platform, { token })
    }
    const { requests } = stage.platform.as('gateway')
    const command = { ...vote, id: request.id, version: request.version }
    expect(await codeOf(requests.approveRequest(command, await tokenOf(stage.ann)))).toBe(
      'access_request.self_approval',
    )
    expect(await codeOf(requests.approveRequest(command, await tokenOf(stage.boss)))).toBe(
      'access_request.person_needed',
    )
  })

  it('is not given by the requester through a group', async () => {
    const { userGroups } = stage.platform.as('gateway')
    const { userGroup } = await userGroups.createUserGroup(
      { name: unique('approvers'), description: '', userIds: [stage.ann.id, stage.boss.id] },
      await by(stage.platform, stage.admin),
    )
    await group(allow({ approvals: 1 }), { approverUserIds: [], approverGroupIds: [userGroup?.id ?? ''] })
    const request = await ask(await by(stage.platform, stage.ann))
    expect(await codeOf(approve(stage.ann, request))).toBe('access_request.self_approval')
    expect(await toDecide(stage.ann)).not.toContain(request.id)
    expect(await toDecide(stage.boss)).toContain(request.id)
    expect((await approve(stage.boss, request)).state).toBe(RequestState.APPROVED)
    expect(await toDecide(stage.boss)).not.toContain(request.id)
  })

  it('is counted once for each person, and two people are two', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(stage.platform, stage.ann))
    const once = await approve(stage.boss, request)
    expect(once.state).toBe(RequestState.PENDING)
    expect(await codeOf(approve(stage.boss, once))).toBe('access_request.already_voted')
    expect((await approve(stage.chief, once)).state).toBe(RequestState.APPROVED)
  })

  it('of two people at once is one of each', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(stage.platform, stage.ann))
    const answers = await Promise.all(
      [stage.boss, stage.chief].map(person => codeOf(approve(person, request))),
    )
    expect(answers.toSorted()).toEqual(['done', 'version.conflict'])
  })

  it('may give a shorter window, and keeps the one that was asked for', async () => {
    await group(allow({ approvals: 1 }))
    const request = await ask(await by(stage.platform, stage.ann))
    const end = new Date(stage.platform.clock.now().getTime() + 600_000)
    const approved = await approve(stage.boss, request, { end })
    expect(approved.end).toEqual(end)
    expect(approved.requestedEnd).toEqual(request.requestedEnd)
    expect((await grant(stage.ann)).endsAt).toEqual(end)
  })

  it('reaches whoever waits for it', async () => {
    await group(allow({ approvals: 1 }))
    const request = await ask(await by(stage.platform, stage.ann))
    const states: RequestState[] = []
    const watching = (async () => {
      const stream = stage.platform
        .as('session-proxy')
        .requests.watchRequest({ id: request.id }, await by(stage.platform, stage.ann))
      for await (const { request: seen } of stream) states.push(seen?.state ?? RequestState.UNSPECIFIED)
    })()
    await eventually(() => states.length === 1)
    await approve(stage.boss, request)
    await watching
    expect(states).toEqual([RequestState.PENDING, RequestState.APPROVED])
  })

  it('is listed for those who may decide, until they have', async () => {
    await group(allow({ approvals: 2 }))
    const request = await ask(await by(stage.platform, stage.ann))
    expect(await toDecide(stage.boss)).toContain(request.id)
    expect(await toDecide(stage.ann)).not.toContain(request.id)
    await approve(stage.boss, request)
    expect(await toDecide(stage.boss)).not.toContain(request.id)
    expect(await toDecide(stage.chief)).toContain(request.id)
  })
})
