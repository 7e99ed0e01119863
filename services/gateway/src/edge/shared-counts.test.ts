import type { ShareCountsRequest } from '@sallyport/contracts/access_control/v1/authentication'
import { describe, expect, it } from 'vitest'
import { createSharedCounts, type SharedCounts } from './shared-counts.ts'

const minuteMs = 60_000

/** Access-control with its minute, and gateways. */
const scene = () => {
  let now = 1_000
  let totals = new Map<string, number>()
  let away = false
  const asked: ShareCountsRequest[] = []
  const access = {
    shareCounts: async (request: ShareCountsRequest) => {
      if (away) throw new Error('unavailable')
      asked.push(request)
      for (const { key, count } of request.counts) {
        const name = key.toString('hex')
        totals.set(name, (totals.get(name) ?? 0) + count)
      }
      return {
        totals: request.counts.map(({ key }) => totals.get(key.toString('hex')) ?? 0),
        minuteEndsInMilliseconds: minuteMs - (now % minuteMs),
      }
    },
  }
  return {
    asked,
    gateway: (): SharedCounts => createSharedCounts(access, () => now),
    pass: (ms: number): void => {
      if (Math.floor(now / minuteMs) < Math.floor((now + ms) / minuteMs)) totals = new Map()
      now += ms
    },
    setAway: (is: boolean): void => {
      away = is
    },
  }
}

const times = (count: number, work: () => unknown): void => {
  for (let index = 0; index < count; index += 1) work()
}

describe('A limit', () => {
  it('lets so many through in a minute, tells when there is room again, and counts nobody else', () => {
    const { gateway, pass } = scene()
    const limit = gateway().limit('user read', 3)
    times(3, () => expect(limit.count('alice')).toBeUndefined())
    pass(10_000)
    expect(limit.count('alice')).toBe(50_000)
    expect(limit.look('alice')).toBe(50_000)
    expect(limit.count('bob')).toBeUndefined()
    pass(50_000)
    expect(limit.look('alice')).toBeUndefined()
    expect(limit.count('alice')).toBeUndefined()
  })

  it('is one limit for all gateways', async () => {
    const { gateway, pass } = scene()
    const [one, other] = [gateway(), gateway()]
    const [here, there] = [one.limit('user read', 100), other.limit('user read', 100)]
    times(60, () => here.count('alice'))
    times(39, () => there.count('alice'))
    await one.share()
    await other.share()
    await one.share()
    expect(there.count('alice')).toBeUndefined()
    expect(there.count('alice')).toBeGreaterThan(0)
    expect(here.look('alice'), 'heard a moment ago that there is room').toBeUndefined()
    times(2, () => here.count('alice'))
    await other.share()
    await one.share()
    expect(here.look('alice')).toBeGreaterThan(0)
    pass(minuteMs)
    expect(here.count('alice')).toBeUndefined()
    expect(there.count('alice')).toBeUndefined()
  })

  it('tells nothing of who uses little, and no names of the others', async () => {
    const { gateway, asked } = scene()
    const one = gateway()
    const limit = one.limit('user read', 100)
    times(10, () => limit.count('alice'))
    await one.share()
    expect(asked).toEqual([])
    times(11, () => limit.count('bob'))
    await one.share()
    expect(asked).toHaveLength(1)
    expect(asked[0]?.counts).toEqual([{ key: expect.any(Buffer), count: 11 }])
    expect(asked[0]?.counts[0]?.key).toHaveLength(32)
    expect(JSON.stringify(asked)).not.toContain('bob')
  })

  it('tells each use once', async () => {
    const { gateway, asked } = scene()
    const one = gateway()
    const limit = one.limit('user read', 100)
    times(20, () => limit.count('alice'))
    await one.share()
    await one.share()
    times(5, () => limit.count('alice'))
    await one.share()
    expect(asked.map(({ counts }) => counts.map(({ count }) => count))).toEqual([[20], [5]])
  })

  it('counts here while access-control is away, and tells it afterwards', async () => {
    const { gateway, setAway, asked } = scene()
    const one = gateway()
    const limit = one.limit('user read', 30)
    setAway(true)
    times(30, () => expect(limit.count('alice')).toBeUndefined())
    await expect(one.share()).rejects.toThrow('unavailable')
    expect(limit.count('alice')).toBeGreaterThan(0)
    setAway(false)
    await one.share()
    expect(asked.flatMap(({ counts }) => counts.map(({ count }) => count))).toEqual([31])
  })

  it('tells nothing of a minute that is over', async () => {
    const { gateway, setAway, asked, pass } = scene()
    const one = gateway()
    const limit = one.limit('user read', 30)
    setAway(true)
    times(30, () => limit.count('alice'))
    await expect(one.share()).rejects.toThrow('unavailable')
    pass(minuteMs)
    setAway(false)
    await one.share()
    expect(asked).toEqual([])
  })

  it('keeps no more than 5,000 keys, and forgets first who was away longest', () => {
    const limit = scene().gateway().limit('user read', 1)
    times(2, () => limit.count('first'))
    times(2, () => limit.count('second'))
    limit.count('first')
    for (let index = 0; index < 4_999; index += 1) limit.count(`other ${index}`)
    expect(limit.look('first')).toBeGreaterThan(0)
    expect(limit.look('second')).toBeUndefined()
  })
})
