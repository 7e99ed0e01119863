import { isUtf8 } from 'node:buffer'

export type Run = { readonly valid: boolean; readonly bytes: Buffer }

/** More pieces than this, and the bytes are not text: one piece keeps the recording small. */
const MAX_RUNS = 16

/**
 * Splits bytes into runs that are valid UTF-8 and runs that are not. Unless it is `final`, an unfinished character at
 * the end is left in `carry` (at most 3 bytes). Runs and carry together are the bytes.
 */
export const splitUtf8 = (bytes: Buffer, final: boolean): { runs: Run[]; carry: Buffer } => {
  const unfinished = final ? 0 : unfinishedBytes(bytes)
  const whole = bytes.subarray(0, bytes.byteLength - unfinished)
  const carry = Buffer.from(bytes.subarray(bytes.byteLength - unfinished))
  if (whole.byteLength === 0) return { runs: [], carry }
  if (isUtf8(whole)) return { runs: [{ valid: true, bytes: whole }], carry }
  return { runs: invalidRuns(whole) ?? [{ valid: false, bytes: whole }], carry }
}

/** How many bytes at the end begin a character that may still be completed. */
const unfinishedBytes = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0
    if (byte >= 0xc2 && byte <= 0xf4) return lengthOf(byte) > back ? back : 0
    if ((byte & 0xc0) !== 0x80) return 0
  }
  return 0
}

const lengthOf = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

const invalidRuns = (bytes: Buffer): Run[] | undefined => {
  const runs: Run[] = []
  let start = 0
  let position = 0
  let valid = true
  while (position < bytes.byteLength) {
    const length = characterAt(bytes, position)
    if (length > 0 !== valid) {
      if (position > start) runs.push({ valid, bytes: bytes.subarray(start, position) })
      if (runs.length >= MAX_RUNS) return undefined
      start = position
      valid = length > 0
    }
    position += Math.max(1, length)
  }
  runs.push({ valid, bytes: bytes.subarray(start) })
  return runs
}

/** The length of the valid character at a position, or 0. */
const characterAt = (bytes: Buffer, position: number): number => {
  const lead = bytes[position] ?? 0
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const end = position + lengthOf(lead)
  return end <= bytes.byteLength && isUtf8(bytes.subarray(position, end)) ? lengthOf(lead) : 0
}
