import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newSealingKey, open, seal, sealingKeyOf, unwrapKey, wrapKey } from './envelope.ts'
import { encodeContext, type SealContext } from './seal-context.ts'
import { keyIdOf } from './sealed-blob.ts'
import { Secret } from './secret.ts'

const context: SealContext = {
  tenant: 't',
  table: 'secret_versions',
  row: 'r',
  column: 'ciphertext',
  version: 1,
}
const key = newSealingKey('key-1')
const refusal = expect.objectContaining({ reason: 'sealed_value.refused' })
const anyContext: fc.Arbitrary<SealContext> = fc.record({
  tenant: fc.string(),
  table: fc.string(),
  row: fc.string(),
  column: fc.string(),
  version: fc.nat(),
})

describe('a sealed value', () => {
  test('opens to the same bytes in its own place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), anyContext, (plain, place) => {
        const blob = seal(key, Secret.copyOf(plain), place)
        expect(open(key, blob, place).bytes()).toEqual(Buffer.from(plain))
        expect(keyIdOf(blob)).toBe('key-1')
      }),
    )
  })

  test('is refused in any other place', () => {
    fc.assert(
      fc.property(anyContext, anyContext, (place, other) => {
        fc.pre(JSON.stringify(place) !== JSON.stringify(other))
        const blob = seal(key, Secret.fromUtf8('x'), place)
        expect(() => open(key, blob, other)).toThrow(refusal)
      }),
    )
  })

  test('is refused after any bit was flipped', () => {
    const blob = seal(key, Secret.fromUtf8('correct horse'), context)
    for (let bit = 0; bit < blob.byteLength * 8; bit += 1) {
      const changed = Buffer.from(blob)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => open(key, changed, context)).toThrow(refusal)
    }
  })

  test('is refused when cut short or extended', () => {
    const blob = seal(key, Secret.fromUtf8('correct horse'), context)
    for (let length = 0; length < blob.byteLength; length += 1)
      expect(() => open(key, blob.subarray(0, length), context)).toThrow(refusal)
    expect(() => open(key, Buffer.concat([blob, Buffer.alloc(1)]), context)).toThrow(refusal)
  })

  test('is refused under another key with the same id', () => {
    const blob = seal(key, Secret.fromUtf8('x'), context)
    expect(() => open(newSealingKey('key-1'), blob, context)).toThrow(refusal)
  })

  test('never contains its plain bytes', () => {
    const plain = 'the-plain-text-of-it'
    expect(seal(key, Secret.fromUtf8(plain), context).includes(plain)).toBe(false)
  })
})

test('hostile blobs get one clear error and nothing else', () => {
  const header = fc.constantFrom(
    Buffer.from([1, 1]),
    Buffer.from([1, 1, 5]),
    Buffer.from('\x01\x01\x05key-1'),
  )
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(header, fc.uint8Array({ maxLength: 300 })).map(([head, rest]) => Buffer.concat([head, rest])),
  )
  fc.assert(
    fc.property(hostile, blob => {
      expect(() => open(key, blob, context)).toThrow(refusal)
    }),
    { numRuns: 5000 },
  )
})

test('no two contexts have the same encoding', () => {
  fc.assert(
    fc.property(anyContext, anyContext, (a, b) => {
      const same = JSON.stringify(a) === JSON.stringify(b)
      expect(encodeContext(a).equals(encodeContext(b))).toBe(same)
    }),
  )
  const left = encodeContext({ ...context, tenant: 'ab', table: 'c' })
  expect(left.equals(encodeContext({ ...context, tenant: 'a', table: 'bc' }))).toBe(false)
})

test('a wrapped key opens what the key itself sealed', () => {
  const dataKey = newSealingKey('data-1')
  const wrapped = wrapKey(key, dataKey, context)
  const blob = seal(dataKey, Secret.fromUtf8('x'), context)
  const unwrapped = unwrapKey(key, wrapped, context, 'data-1')
  expect(open(unwrapped, blob, context).use(String)).toBe('x')
})

test('a key must have 256 bits, and an id that a blob can carry', () => {
  expect(() => sealingKeyOf('short', Secret.fromUtf8('too short'))).toThrow(refusal)
  for (const id of ['', 'with space', 'é', 'x'.repeat(65)])
    expect(() => seal(newSealingKey(id), Secret.fromUtf8('x'), context)).toThrow(TypeError)
})
