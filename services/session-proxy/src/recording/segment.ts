import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { open, type SealingKey, seal } from '@sallyport/crypto/envelope'
import { Secret } from '@sallyport/crypto/secret'
import { pack, unpack } from './pack.ts'
import { encodeSegment, type SegmentHeader, type SegmentParts } from './segment-layout.ts'

/** The hash that the first segment names as the one before it. */
export const NO_PREVIOUS: string = '0'.repeat(64)

export type SegmentPlace = {
  readonly tenantId: string
  readonly sessionId: string
  readonly index: number
  /** SHA-256 of the whole segment before, in hex. */
  readonly previous: string
  readonly end: boolean
}

/** Seals lines of asciicast as the next segment of a recording. The result goes to storage as it is. */
export const sealSegment = async (
  lines: string,
  place: SegmentPlace,
  key: SealingKey,
  wrappedKey: Buffer,
): Promise<Buffer> => {
  const packed = await pack(lines)
  using plain = Secret.of(packed)
  const body = seal(key, plain, contextOf(place))
  const header: SegmentHeader = {
    ...place,
    wrappedKey: wrappedKey.toString('base64'),
    ...(place.end && { signature: signatureOf(place, body, key).toString('base64') }),
  }
  return encodeSegment({ header, body })
}

/** Opens a segment at the place where it must be. Throws `sealed_value.refused` if anything about it was changed. */
export const openSegment = (parts: SegmentParts, place: SegmentPlace, key: SealingKey): string => {
  using packed = open(key, parts.body, contextOf(place))
  return unpack(packed.bytes())
}

/** Whether the end segment's signature is the recorder's. */
export const isSigned = (parts: SegmentParts, place: SegmentPlace, key: SealingKey): boolean => {
  const given = Buffer.from(parts.header.signature ?? '', 'base64')
  const right = signatureOf(place, parts.body, key)
  return given.byteLength === right.byteLength && timingSafeEqual(given, right)
}

/** What the next segment names as the one before it. */
export const hashOf = (segment: Uint8Array): string => createHash('sha256').update(segment).digest('hex')

/** The place of a recording's data key, under the recording root key. */
export const dataKeyContext = (tenantId: string, sessionId: string): Parameters<typeof seal>[2] => ({
  tenant: tenantId,
  table: 'recordings',
  row: sessionId,
  column: 'data-key',
  version: 1,
})

const contextOf = (place: SegmentPlace): Parameters<typeof seal>[2] => ({
  tenant: place.tenantId,
  table: 'recordings',
  row: place.sessionId,
  column: `${place.end ? 'end' : 'segment'} after ${place.previous}`,
  version: place.index,
})

/** Says that the recording ends here, after all segments before it: each names the hash of its predecessor. */
const signatureOf = (place: SegmentPlace, body: Buffer, key: SealingKey): Buffer => {
  const signingKey = Buffer.from(hkdfSync('sha256', key.key, '', 'sallyport/recording-end/1', 32))
  return createHmac('sha256', signingKey)
    .update(JSON.stringify([place.tenantId, place.sessionId, place.index, place.previous]))
    .update(body)
    .digest()
}
