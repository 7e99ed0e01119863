import { expect, test } from 'vitest'
import { atMostEvery } from './at-most-every.ts'

test('a crowd asks once in the time, and a failure is asked again', async () => {
  let [now, asked] = [0, 0]
  const read = atMostEvery(
    60,
    async () => {
      asked += 1
      if (asked === 2) throw new Error('away')
      return asked
    },
    () => now,
  )
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1])
  now = 59
  expect(await read()).toBe(1)
  now = 60
  await expect(read()).rejects.toThrow('away')
  expect(await read()).toBe(3)
})
