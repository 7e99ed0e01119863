import { describe, expect, it } from 'vitest'
import { createLimiter } from './limited.ts'
import { createPasswordHasher } from './password-hash.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a password hash', () => {
  it('verifies its password only', async () => {
    const hasher = await createPasswordHasher()
    const hash = await hasher.hash(bytes('correct horse'))
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await hasher.verify(hash, bytes('correct horse'))).toBe(true)
    expect(await hasher.verify(hash, bytes('correct horse '))).toBe(false)
  })

  it('of nobody takes the same work and is never right', async () => {
    const hasher = await createPasswordHasher()
    const hash = await hasher.hash(bytes('x'))
    const time = async (stored: string | undefined): Promise<number> => {
      const started = performance.now()
      for (let run = 0; run < 4; run++) expect(await hasher.verify(stored, bytes('wrong'))).toBe(false)
      return performance.now() - started
    }
    await time(hash)
    const [known, unknown] = [await time(hash), await time(undefined)]
    expect(unknown / known).toBeGreaterThan(0.5)
    expect(unknown / known).toBeLessThan(2)
  })
})

describe('a limiter', () => {
  it('runs no more at once than it may, and refuses when the queue is full', async () => {
    const limited = createLimiter(2, 3)
    let running = 0
    let most = 0
    const release: (() => void)[] = []
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise<void>(resolve => release.push(resolve))
      running--
    }
    const all = Array.from({ length: 5 }, () => limited(work))
    await expect(limited(work)).rejects.toThrow('Too many logins')
    for (let done = 0; done < 5; ) {
      const next = release.shift()
      if (next) {
        next()
        done++
      }
      await Promise.resolve()
    }
    await Promise.all(all)
    expect(most).toBe(2)
  })
})
