import { SallyportError } from '@sallyport/errors/error'
import { z } from 'zod'

/**
 * A segment on disk: "SPR1" · header length (32 bits, big endian) · header (JSON) · body (an envelope of zstd-packed
 * lines of asciicast v3). Nothing in the header is trusted: the body opens only with what it says.
 */
const MAGIC = Buffer.from('SPR1')
const PREFIX_BYTES = MAGIC.byteLength + 4
const MAX_HEADER_BYTES = 4096

const canonicalBase64 = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine(text => Buffer.from(text, 'base64').toString('base64') === text)

const headerSchema = z.strictObject({
  tenantId: z.string().max(64),
  sessionId: z.string().max(64),
  index: z.int().min(0),
  previous: z.string().regex(/^[0-9a-f]{64}$/),
  end: z.boolean(),
  wrappedKey: canonicalBase64(1024),
  signature: canonicalBase64(64).optional(),
})

export type SegmentHeader = {
  readonly tenantId: string
  readonly sessionId: string
  readonly index: number
  /** SHA-256 of the segment before, in hex. */
  readonly previous: string
  readonly end: boolean
  /** The recording's data key, sealed by the recording root key; Base64. */
  readonly wrappedKey: string
  /** On the end segment only; Base64. */
  readonly signature?: string | undefined
}

export type SegmentParts = { readonly header: SegmentHeader; readonly body: Buffer }

export const encodeSegment = ({ header, body }: SegmentParts): Buffer => {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.byteLength)
  return Buffer.concat([MAGIC, length, json, body])
}

/** Takes a segment apart without trusting it. Throws `recording.damaged`. */
export const parseSegment = (segment: Buffer): SegmentParts => {
  if (segment.byteLength < PREFIX_BYTES || !segment.subarray(0, MAGIC.byteLength).equals(MAGIC))
    throw damaged()
  const headerBytes = segment.readUInt32BE(MAGIC.byteLength)
  if (headerBytes > MAX_HEADER_BYTES || PREFIX_BYTES + headerBytes > segment.byteLength) throw damaged()
  const json = segment.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes).toString('utf8')
  const parts = { header: parseHeader(json), body: segment.subarray(PREFIX_BYTES + headerBytes) }
  // One encoding only: a byte that could be changed without changing the meaning would go unnoticed.
  if (!encodeSegment(parts).equals(segment)) throw damaged()
  return parts
}

const parseHeader = (json: string): SegmentHeader => {
  try {
    return headerSchema.parse(JSON.parse(json))
  } catch (error) {
    throw damaged(error)
  }
}

const damaged = (cause?: unknown): SallyportError =>
  new SallyportError('recording.damaged', undefined, { cause })
