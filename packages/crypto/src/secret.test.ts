import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Secret } from './secret.ts'

test('a secret never appears in any printed form', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6 }), text => {
      fc.pre(!'{"object":"[secret]"} { object: [secret] }'.includes(text))
      const secret = Secret.fromUtf8(text)
      const printed = [
        String(secret),
        ['', secret].join(''),
        JSON.stringify({ object: secret }),
        inspect({ object: secret }, { showHidden: true, depth: 9 }),
        Object.values(secret).join(),
        JSON.stringify(Object.assign({}, secret)),
      ]
      for (const form of printed) expect(form).not.toContain(text)
    }),
  )
})

test('a secret is equal exactly to one with the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (a, b) => {
      const same = Buffer.compare(a, b) === 0
      expect(Secret.copyOf(a).equals(Secret.copyOf(b))).toBe(same)
      expect(Secret.copyOf(a).equals(Secret.copyOf(a))).toBe(true)
    }),
  )
})

test('disposing of a secret overwrites its bytes and refuses further use', () => {
  const bytes = Buffer.from('hunter2hunter2')
  {
    using secret = Secret.of(bytes)
    expect(secret.use(live => live.toString())).toBe('hunter2hunter2')
  }
  expect(bytes.every(byte => byte === 0)).toBe(true)
  const secret = Secret.of(bytes)
  secret.dispose()
  secret.dispose()
  expect(() => secret.bytes()).toThrow(TypeError)
})

test('text survives as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      expect(Secret.fromUtf8(text).use(bytes => bytes.toString('utf8'))).toBe(text)
    }),
  )
})
