import { describe, expect, test } from 'vitest'
import { trailWatch } from './trail-watch.ts'

const scene = () => {
  let now = 0
  let works = true
  const ended: string[] = []
  const live: string[] = ['blue']
  const all = () =>
    live.map(tenantId => ({ facts: { tenantId }, end: () => void ended.push(`${tenantId} at ${now}`) }))
  const probed: string[] = []
  const probe = async (tenantId: string): Promise<void> => {
    probed.push(tenantId)
    if (!works) throw new Error('the outbox takes nothing')
  }
  const watch = trailWatch({ sessions: { all }, probe, steadyNow: () => now, log: { warn: () => undefined } })
  return {
    ended,
    probed,
    live,
    setWorks: (works_: boolean) => {
      works = works_
    },
    pass: async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        now += 1_000
        await watch()
      }
    },
  }
}

describe('R-05: live sessions end when nothing can be recorded any more', () => {
  test('within thirty seconds, and not before the trail had some time to come back', async () => {
    const { pass, setWorks, ended } = scene()
    await pass(60)
    setWorks(false)
    await pass(14)
    expect(ended).toEqual([])
    await pass(16)
    expect(ended.length).toBeGreaterThan(0)
  })

  test('not for a failure that is over soon, however often it comes', async () => {
    const { pass, setWorks, ended } = scene()
    for (let time = 0; time < 10; time += 1) {
      setWorks(false)
      await pass(10)
      setWorks(true)
      await pass(10)
    }
    expect(ended).toEqual([])
  })

  test('also when they begin in the middle of it; and nobody is asked while there is no session', async () => {
    const { pass, setWorks, ended, live, probed } = scene()
    live.length = 0
    setWorks(false)
    await pass(100)
    expect(probed).toEqual([])
    live.push('red')
    await pass(10)
    expect(ended).toEqual([])
    await pass(20)
    expect(ended[0]).toMatch(/^red/)
  })
})
