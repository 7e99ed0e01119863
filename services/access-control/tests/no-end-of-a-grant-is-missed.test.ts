import { RequestState } from '@sallyport/contracts/access_control/v1/access'
import { RequestEnded } from '@sallyport/contracts/events/v1/domain'
import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, it } from 'vitest'
import { by, codeOf } from './fixtures.ts'
import { login } from './logins.ts'
import { accessStage, accessSteps, allow, ids } from './stage.ts'

const stage = accessStage()
const { ask, grant, group, isGood } = accessSteps(stage)

describe('the end of a window', () => {
  it('expires the request and announces what it gave as over', async () => {
    await group(allow({ justification: true }))
    const request = await ask(await by(stage.platform, stage.ann))
    const issued = await grant(stage.ann)
    stage.platform.clock.advance(25 * 60_000)
    await by(stage.platform, stage.ann)
    stage.platform.clock.advance(25 * 60_000)
    await by(stage.platform, stage.ann)
    stage.platform.clock.advance(10 * 60_000)
    expect(await isGood(issued.id)).toBe(false)
    const ended = await eventually(() =>
      stage.platform.driver.published.find(one => one.type === 'RequestEnded' && one.key === request.id),
    )
    expect(RequestEnded.decode(ended.payload)).toMatchObject({ cause: 'window-over', used: true })
    const { request: seen } = await stage.platform
      .as('gateway')
      .requests.getRequest({ id: request.id }, await by(stage.platform, stage.ann))
    expect(seen?.state).toBe(RequestState.EXPIRED)
    expect(await codeOf(grant(stage.ann))).toBe('access.justification_required')
  })
})

describe('a revocation that came while nobody listened', () => {
  it('is read from the position that was seen last', async () => {
    await group(allow())
    const read = async (afterPosition: bigint): Promise<{ grants: string[]; position: bigint }> => {
      const stop = new AbortController()
      const grants: string[] = []
      let position = afterPosition
      const { grants: client } = stage.platform.as('vault')
      for await (const message of client.watchRevocations({ afterPosition }, { signal: stop.signal })) {
        position = message.position
        if (message.revocation === undefined) break
        grants.push(message.revocation.grantId)
      }
      stop.abort()
      return { grants, position }
    }
    const { position } = await read(0n)
    const issued = await grant(stage.ann)
    await stage.platform.as('gateway').authentication.logOut({}, await by(stage.platform, stage.ann))
    expect((await read(position)).grants).toEqual([issued.id])
  })
})

describe('a grant and an end at the same time', () => {
  it('never leave a grant that lives on', async () => {
    await group(allow())
    for (let round = 0; round < 8; round++) {
      stage.ann = await login(stage.platform, stage.ann)
      const options = await by(stage.platform, stage.ann)
      const [issued] = await Promise.allSettled([
        stage.platform.as('session-proxy').grants.issueGrant({ ...ids, sourceAddress: '' }, options),
        stage.platform.as('gateway').authentication.logOut({}, options),
      ])
      if (issued.status === 'fulfilled') expect(await isGood(issued.value.grant?.id ?? '')).toBe(false)
    }
  })
})
