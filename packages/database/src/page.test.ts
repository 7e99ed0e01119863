import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './page.ts'
import { isUuid, uuidV7 } from './uuid-v7.ts'

describe('a cursor', () => {
  it('comes back as the keys that it was made of', () => {
    const keys = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 40 }).filter(key => !key.includes('\0')),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(keys, list => {
        expect(decodeCursor(encodeCursor(list), list.length)).toEqual(list)
      }),
    )
  })

  it('is refused with one error when somebody else made it', () => {
    const refusal = expect.objectContaining({ reason: 'cursor.invalid' })
    const foreign = fc.oneof(
      fc.string(),
      fc.json().map(json => Buffer.from(json).toString('base64url')),
    )
    fc.assert(
      fc.property(foreign, text => {
        expect(() => decodeCursor(text, 7)).toThrow(refusal)
      }),
    )
  })
})

describe('a page', () => {
  it('shows every row once, whatever its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 50 }), (count, size) => {
        const rows = Array.from({ length: count }, (_, index) => `${index}`.padStart(4, '0'))
        const seen: string[] = []
        for (let cursor = ''; ; ) {
          const query = pageQuery({ size, cursor }, 1)
          const [after = ''] = query.after ?? []
          const page = pageOf(rows.filter(row => row > after).slice(0, size + 1), query, row => [row])
          seen.push(...page.items)
          cursor = page.nextCursor
          if (cursor === '') break
        }
        expect(seen).toEqual(rows)
      }),
    )
  })

  it.each([-1, 201])('is refused with %d items', size => {
    expect(() => pageQuery({ size, cursor: '' }, 1)).toThrow('1 to 200')
  })
})

it('UUIDv7s are unique, well formed, and sort by time', () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => uuidV7(new Date(1_700_000_000_000 + index)))
  expect(new Set(ids).size).toBe(2_000)
  expect(ids.every(isUuid)).toBe(true)
  expect(ids.toSorted()).toEqual(ids)
})
