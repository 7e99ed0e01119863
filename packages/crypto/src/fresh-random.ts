import { hash, randomBytes } from 'node:crypto'
import { SallyportError } from '@sallyport/errors/error'

/** Gives so many random bytes. */
export type RandomSource = (size: number) => Buffer

/** How many draws are remembered. Two equal ones among as many, by chance, are less likely than 2^-76. */
const REMEMBERED = 1_024

/**
 * A source that refuses to repeat itself: the continuous test of FIPS 140-2, section 4.9.2, against more than the last
 * draw, so that a generator that stands still or runs in a short circle is found out at once. One nonce used twice
 * under AES-GCM gives away the key that authenticates.
 *
 * Draws must be of at least 12 bytes. It keeps digests of them and no more. Throws `random.repeated`, and goes on
 * throwing: a generator that failed once is not trusted again.
 */
export const freshRandom = (source: RandomSource = randomBytes): RandomSource => {
  const seen = new Set<string>()
  let isBroken = false
  return size => {
    const drawn = source(size)
    const digest = hash('sha256', drawn, 'base64')
    isBroken ||= seen.has(digest) || drawn.byteLength !== size
    if (isBroken) throw new SallyportError('random.repeated')
    seen.add(digest)
    const [oldest] = seen
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest)
    return drawn
  }
}

/** The one source of this process for keys and nonces. */
export const processRandom: RandomSource = freshRandom()
