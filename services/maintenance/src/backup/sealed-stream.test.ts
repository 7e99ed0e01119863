import { Readable } from 'node:stream'
import { Secret } from '@sallyport/crypto/secret'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { missingObject } from '../destination/object-store.ts'
import { cut } from './parts.ts'
import { openStream, readWhole, sealStream } from './sealed-stream.ts'

let identity: string
let recipient: string
beforeAll(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})

const memory = () => {
  const kept = new Map<string, Buffer>()
  return {
    kept,
    put: async (name: string, content: Uint8Array): Promise<void> =>
      void kept.set(name, Buffer.from(content)),
    get: async (name: string): Promise<Buffer> => {
      const content = kept.get(name)
      if (!content) throw missingObject(name)
      return content
    },
  }
}
const all = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => readWhole(stream, 10_000_000)
const inChunks = (chunks: Uint8Array[]): Readable => Readable.from(chunks, { objectMode: false })

describe('A sealed stream', () => {
  it('opens to the same bytes, however they came and into whatever parts they were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), { maxLength: 8 }),
        fc.integer({ min: 100, max: 10_000 }),
        async (chunks, partBytes) => {
          const store = memory()
          const objects = await sealStream(inChunks(chunks), {
            store,
            name: 'x',
            recipients: [recipient],
            partBytes,
          })
          expect(objects.every(({ bytes }) => bytes <= partBytes)).toBe(true)
          expect(objects.length === 0).toBe(chunks.length === 0)
          if (chunks.length === 0) return
          const opened = await openStream(store, objects, Secret.fromUtf8(identity))
          expect(await all(opened)).toEqual(Buffer.concat(chunks))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('does not open in part: one that is cut off between two objects fails at its end', async () => {
    const store = memory()
    const content = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7919) % 251))
    const options = { store, name: 'x', recipients: [recipient], partBytes: 500 }
    const objects = await sealStream(inChunks([content]), options)
    expect(objects.length).toBeGreaterThan(1)
    await expect(
      openStream(store, objects.slice(0, -1), Secret.fromUtf8(identity)).then(all),
    ).rejects.toThrow()
    const [first, second, ...rest] = objects
    if (!first || !second) throw new Error('There are too few')
    await expect(
      openStream(store, [second, first, ...rest], Secret.fromUtf8(identity)).then(all),
    ).rejects.toThrow()
  })

  it('of which the source fails, fails', async () => {
    const source = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000, 1)
        throw new Error('the source broke')
      })(),
      { objectMode: false },
    )
    await expect(sealStream(source, { store: memory(), name: 'x', recipients: [recipient] })).rejects.toThrow(
      'the source broke',
    )
  })
})

describe('Cutting', () => {
  it('gives parts of one size, and the rest', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 100 })),
        fc.integer({ min: 1, max: 50 }),
        async (chunks, partBytes) => {
          const parts: Buffer[] = []
          for await (const part of cut(Readable.from(chunks), partBytes)) parts.push(part)
          expect(Buffer.concat(parts)).toEqual(Buffer.concat(chunks))
          expect(parts.slice(0, -1).every(part => part.byteLength === partBytes)).toBe(true)
          expect(parts.every(part => part.byteLength > 0)).toBe(true)
        },
      ),
    )
  })
})
