/** Many byte strings as one binary parameter, with where each one starts (from 1, as SQL counts) and how long it is. */
export type PackedBytes = {
  readonly bytes: Buffer
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
}

/**
 * Packs byte strings for `substring($bytes from start for length)`. An array of bytea would travel as hexadecimal text,
 * at twice the size and several times the work on both sides.
 */
export const packBytes = (items: readonly Uint8Array[]): PackedBytes => {
  let next = 1
  const starts = items.map(({ byteLength }) => {
    const start = next
    next += byteLength
    return start
  })
  return { bytes: Buffer.concat(items), starts, lengths: items.map(({ byteLength }) => byteLength) }
}
