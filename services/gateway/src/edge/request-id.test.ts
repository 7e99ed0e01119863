import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestIdOf } from './request-id.ts'

test('whatever a client sends, an id is short and safe in a header, a log line and a URN', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constant(undefined)), given => {
      expect(requestIdOf(given)).toMatch(/^[\w.-]{8,64}$/)
    }),
  )
})

test('a harmless id is kept', () => {
  expect(requestIdOf('build-4711')).toBe('build-4711')
})

test('two requests without ids get different ones', () => {
  expect(requestIdOf(undefined)).not.toBe(requestIdOf(undefined))
})
