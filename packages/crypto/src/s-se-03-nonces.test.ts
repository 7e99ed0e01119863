import { randomBytes } from 'node:crypto'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newSealingKey, seal } from './envelope.ts'
import { freshRandom } from './fresh-random.ts'
import { parseBlob } from './sealed-blob.ts'
import { Secret } from './secret.ts'

const context = { tenant: 't', table: 'secret_versions', row: 'r', column: 'ciphertext', version: 1 }
const refusal = expect.objectContaining({ reason: 'random.repeated' })
const sealOne = (random = freshRandom()): Buffer =>
  seal(newSealingKey('k', random), Secret.fromUtf8('plain'), context, random)

describe('S-SE-03: nonces and keys never repeat, and a generator that repeats itself is found out', () => {
  test('every value is sealed with 96 random bits that no other one has', () => {
    const sealed = counted(200_000, 2_000)
    const key = newSealingKey('k')
    const nonces = new Set(
      Array.from({ length: sealed }, () =>
        parseBlob(seal(key, Secret.fromUtf8('x'), context)).nonce.toString('latin1'),
      ),
    )
    expect(nonces.size).toBe(sealed)
    expect([...nonces].every(nonce => nonce.length === 12)).toBe(true)
    figure('S-SE-03', `${sealed.toLocaleString('en')} nonces, 0 twice; broken generators found at once`)
  })

  test('a generator that stands still seals nothing more', () => {
    const random = freshRandom(size => Buffer.alloc(size, 7))
    sealOne(random)
    expect(() => sealOne(random)).toThrow(refusal)
  })

  test('a generator that runs in a circle is found out when it comes round, and is not trusted again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), period => {
        const circle = Array.from({ length: period }, () => randomBytes(12))
        let turn = 0
        const random = freshRandom(() => circle[turn++ % period] ?? Buffer.alloc(0))
        for (let drawn = 0; drawn < period; drawn += 1) random(12)
        expect(() => random(12)).toThrow(refusal)
        circle.fill(randomBytes(12))
        expect(() => random(12)).toThrow(refusal)
      }),
      { numRuns: counted(200, 20) },
    )
  })

  test('a generator that gives too little is not taken', () => {
    expect(() => freshRandom(() => Buffer.alloc(4))(12)).toThrow(refusal)
  })
})
