import { describe, expect, it } from 'vitest'
import { gatherBy } from './gather.ts'

const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, open: resolve }
}

describe('gathered work', () => {
  it('is done at once for the first, and together for those who come meanwhile', async () => {
    const first = gate()
    const batches: number[][] = []
    const double = gatherBy(async (_key, items: readonly number[]) => {
      batches.push([...items])
      if (batches.length === 1) await first.promise
      return items.map(item => item * 2)
    }, 3)
    const results = [1, 2, 3, 4, 5].map(item => double('a', item))
    first.open()
    expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10])
    expect(batches).toEqual([[1], [2, 3, 4], [5]])
  })

  it('waits for nothing that has another key', async () => {
    const first = gate()
    const keys: string[] = []
    const work = gatherBy(async (key, items: readonly number[]) => {
      keys.push(key)
      if (key === 'a') await first.promise
      return items
    }, 3)
    const waiting = work('a', 1)
    expect(await work('b', 2)).toBe(2)
    first.open()
    expect(await waiting).toBe(1)
    expect(keys).toEqual(['a', 'b'])
  })

  it('that fails fails for its own items only', async () => {
    const work = gatherBy(async (_key, items: readonly number[]) => {
      if (items.includes(2)) throw new Error('two')
      return items
    }, 1)
    const results = await Promise.allSettled([work('a', 1), work('a', 2), work('a', 3)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
