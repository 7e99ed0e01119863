import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastHasher } from './fast-hasher.ts'
import { type Platform, startPlatform } from './fixtures.ts'
import { forgetCounts } from '../src/store/shared-counts.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ hasher: fastHasher })
})
afterAll(() => platform[Symbol.asyncDispose]())

const newKey = (): Buffer => randomBytes(32)

const share = async (...counts: { key: Buffer; count: number }[]): Promise<number[]> =>
  (await platform.as('gateway').authentication.shareCounts({ counts })).totals

const minutes = async (): Promise<number[]> => {
  const { rows } = await platform.database.adminPool.query<{ minute: number }>(
    'select distinct minute from access_control.shared_counts order by 1',
  )
  return rows.map(({ minute }) => minute)
}

describe('What gateways count', () => {
  it('is added up for a minute, in the order in which it was told', async () => {
    const [one, other] = [newKey(), newKey()]
    expect(await share({ key: one, count: 3 }, { key: other, count: 40 })).toEqual([3, 40])
    expect(await share({ key: other, count: 2 }, { key: one, count: 5 })).toEqual([42, 8])
    const { minuteEndsInMilliseconds } = await platform.as('gateway').authentication.shareCounts({
      counts: [{ key: one, count: 1 }],
    })
    expect(minuteEndsInMilliseconds).toBeGreaterThan(0)
    expect(minuteEndsInMilliseconds).toBeLessThanOrEqual(60_000)
    platform.clock.advance(minuteEndsInMilliseconds)
    expect(await share({ key: one, count: 1 })).toEqual([1])
  })

  it('is added up once each, however many gateways tell it at the same moment, in any order', async () => {
    const keys = Array.from({ length: 50 }, newKey)
    const tell = (turn: number): Promise<number[]> =>
      share(...(turn % 2 === 0 ? keys : keys.toReversed()).map(key => ({ key, count: 1 })))
    await Promise.all(Array.from({ length: 20 }, (_, turn) => tell(turn)))
    expect(await share(...keys.map(key => ({ key, count: 0 })))).toEqual(keys.map(() => 20))
  })

  it('stays within what the wire can say', async () => {
    const key = newKey()
    const most = 2 ** 32 - 1
    expect(await share({ key, count: most })).toEqual([most])
    expect(await share({ key, count: most })).toEqual([most])
  })

  it.each([
    ['the same key twice', () => Array.from({ length: 2 }, () => Buffer.alloc(32, 7))],
    ['a key that is no hash', () => [randomBytes(31)]],
    ['an empty key', () => [Buffer.alloc(0)]],
    ['more than a thousand', () => Array.from({ length: 1_001 }, newKey)],
  ])('is refused with %s', async (_what, keys) => {
    const attempt = share(...keys().map(key => ({ key, count: 1 })))
    await expect(attempt).rejects.toMatchObject({ reason: 'request.invalid' })
  })

  it('is nobody else’s business', async () => {
    const attempt = platform.as('vault').authentication.shareCounts({ counts: [] })
    await expect(attempt).rejects.toMatchObject({ reason: 'service.not_allowed' })
  })

  it('is forgotten when its minute is over', async () => {
    await share({ key: newKey(), count: 1 })
    platform.clock.advance(60_000)
    await share({ key: newKey(), count: 1 })
    const now = Math.floor(platform.clock.now().getTime() / 60_000)
    expect(await minutes()).toContain(now - 1)
    await forgetCounts(platform.database.workerPool, now)
    expect(await minutes()).toEqual([now])
  })
})
