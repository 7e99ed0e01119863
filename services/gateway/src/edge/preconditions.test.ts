import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RouteRow } from '../http/route-row.ts'
import { etagOf, expectedVersion, idempotencyKeyOf } from './preconditions.ts'

const row: RouteRow = { url: 'PATCH /v1/x/:id', to: [], needs: 'sign-in', rate: 'write', ifMatch: true }

test('the tag of a version is read back as that version', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), version => {
      expect(expectedVersion(row, { 'if-match': etagOf(version) })).toBe(version)
    }),
  )
})

test('any other tag is refused', () => {
  fc.assert(
    fc.property(fc.string(), tag => {
      fc.pre(!/^"[1-9]\d*"$/.test(tag))
      expect(() => expectedVersion(row, { 'if-match': tag })).toThrow(
        expect.objectContaining({ reason: 'request.invalid' }),
      )
    }),
  )
})

test('a version that no row can have is refused', () => {
  expect(() => expectedVersion(row, { 'if-match': '"2147483648"' })).toThrow('not valid')
})

test('If-None-Match does only where a new one can be made', () => {
  expect(() => expectedVersion(row, { 'if-none-match': '*' })).toThrow('If-Match')
  expect(expectedVersion({ ...row, ifMatch: 'or-none' }, { 'if-none-match': '*' })).toBe(0)
})

test('an idempotency key has visible ASCII characters only', () => {
  expect(idempotencyKeyOf({})).toBeUndefined()
  expect(idempotencyKeyOf({ 'idempotency-key': '8e03978e-40d5-43dd' })).toBe('8e03978e-40d5-43dd')
  for (const key of ['', 'a b', 'ä', '\n', 'x'.repeat(129)]) {
    expect(() => idempotencyKeyOf({ 'idempotency-key': key })).toThrow('not valid')
  }
})
