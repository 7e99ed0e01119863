import { expect, it } from 'vitest'
import { revocationsOf } from './revocations.ts'

/** Like access-control, which answers about a thousand at once. */
const checkGrants = async ({ grantIds }: { grantIds: string[] }) => {
  if (grantIds.length > 1_000) throw new Error('too many')
  const ended = grantIds.filter(id => id.endsWith('7'))
  return {
    goodGrantIds: grantIds.filter(id => !ended.includes(id)),
    endedReasons: Object.fromEntries(ended.map(id => [id, 'over'])),
  }
}

it('checks however many grants there are', async () => {
  const revocations = revocationsOf({
    checkGrants,
    watchRevocations: () => ({ async *[Symbol.asyncIterator]() {} }),
  })
  const ids = Array.from({ length: 2_500 }, (_, index) => `grant-${index}`)
  const { good, endedReasons } = await revocations.check('tenant', ids)
  expect(good.size).toBe(2_250)
  expect(endedReasons.size).toBe(250)
})
