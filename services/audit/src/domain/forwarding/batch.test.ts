import fc from 'fast-check'
import { expect, test } from 'vitest'
import { restAfter } from './back-off.ts'
import { framesOf, maxBytes, missingIn } from './batch.ts'

test('a connection takes at least one frame, and otherwise no more than 4 MiB of them, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 2 * maxBytes }), { minLength: 1, maxLength: 6 }),
      sizes => {
        const frames = framesOf(sizes, size => ({ length: size }) as Buffer)
        const taken = frames.map(({ length }) => length)
        expect(taken).toEqual(sizes.slice(0, taken.length))
        const sum = taken.reduce((total, size) => total + size, 0)
        expect(taken.length).toBeGreaterThan(0)
        if (taken.length > 1) expect(sum).toBeLessThanOrEqual(maxBytes)
        const next = sizes[taken.length]
        if (next !== undefined) expect(sum + next).toBeGreaterThan(maxBytes)
      },
    ),
  )
})

test.each<[number, number[], number | undefined]>([
  [0, [], undefined],
  [0, [1, 2, 3], undefined],
  [0, [2, 3], 1],
  [4, [5, 7], 6],
  [4, [5, 6, 6], 7],
])('after %i, of %j the first that is missing is %s', (position, sequences, missing) => {
  expect(
    missingIn(
      sequences.map(sequence => ({ sequence })),
      position,
    ),
  ).toBe(missing)
})

test('who fails is left alone for a second, then twice as long each time, and never for more than a minute', () => {
  const rests = [1, 2, 3, 4, 5, 6, 7, 8, 100, 10_000].map(restAfter)
  expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map(seconds => seconds * 1_000))
})
