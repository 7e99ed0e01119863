import { type SealingKey, sealingKeyOf } from '@sallyport/crypto/envelope'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { isReasonError } from '@sallyport/errors/error'
import type { RecordingId } from './recording-store.ts'
import { dataKeyContext, hashOf, isSigned, NO_PREVIOUS, openSegment } from './segment.ts'
import { parseSegment, type SegmentParts } from './segment-layout.ts'

/** One segment after another, each proved; the first that is bad ends the recording. */
export type CheckedSegment =
  | { readonly kind: 'good'; readonly index: number; readonly lines: string; readonly end: boolean }
  | { readonly kind: 'bad'; readonly index: number; readonly problem: string }

export type Verification = {
  readonly intact: boolean
  readonly segments: number
  readonly badSegment?: number
  readonly problem: string
  /** Whether the recorder itself ended the recording. */
  readonly complete: boolean
}

const CHANGED = 'it was changed after it was sealed'

type Keys = Pick<RootKeyProvider, 'unwrap'>

/** Opens a recording segment by segment. Needs nothing but the segments, the key, and whose recording it must be. */
export async function* checkSegments(
  segments: AsyncIterable<Buffer>,
  id: RecordingId,
  keys: Keys,
): AsyncGenerator<CheckedSegment, void, undefined> {
  let index = 0
  let previous = NO_PREVIOUS
  let dataKey: DataKey | undefined
  let ended = false
  for await (const segment of segments) {
    const opened: Opened | string = ended
      ? 'it comes after the end of the recording'
      : await check(segment, { ...id, index, previous }, dataKey ?? keys)
    if (typeof opened === 'string') {
      yield { kind: 'bad', index, problem: opened }
      return
    }
    dataKey = opened.dataKey
    ended = opened.end
    yield { kind: 'good', index, lines: opened.lines, end: ended }
    index += 1
    previous = hashOf(segment)
  }
}

/** Reads a whole recording and tells the first bad segment, if any. */
export const verifyRecording = async (
  segments: AsyncIterable<Buffer>,
  id: RecordingId,
  keys: Keys,
): Promise<Verification> => {
  let count = 0
  let complete = false
  for await (const checked of checkSegments(segments, id, keys)) {
    if (checked.kind === 'bad') {
      const problem = `Segment ${checked.index}: ${checked.problem}`
      return { intact: false, segments: count, badSegment: checked.index, problem, complete: false }
    }
    count += 1
    complete = checked.end
  }
  return { intact: true, segments: count, problem: '', complete }
}

/** Every segment carries the same wrapped key, so that any part of a recording can be opened. */
type DataKey = { readonly key: SealingKey; readonly wrapped: string }
type Opened = { readonly dataKey: DataKey; readonly lines: string; readonly end: boolean }
type Expected = RecordingId & { readonly index: number; readonly previous: string }

/** Opens one segment, or says what is wrong with it. */
const check = async (
  segment: Buffer,
  expected: Expected,
  known: DataKey | Keys,
): Promise<Opened | string> => {
  try {
    const parts = parseSegment(segment)
    const problem = misplaced(parts, expected)
    if (problem !== undefined) return problem
    const dataKey = 'unwrap' in known ? await dataKeyOf(parts, expected, known) : known
    if (parts.header.wrappedKey !== dataKey.wrapped) return CHANGED
    const place = { ...expected, end: parts.header.end }
    const lines = openSegment(parts, place, dataKey.key)
    if (place.end && !isSigned(parts, place, dataKey.key))
      return 'the signature of the end is not the recorder’s'
    return { dataKey, lines, end: place.end }
  } catch (error) {
    if (isReasonError(error, 'recording.damaged')) return 'it is cut off or is not a segment'
    if (isReasonError(error, 'sealed_value.refused')) return CHANGED
    throw error
  }
}

const misplaced = ({ header }: SegmentParts, expected: Expected): string | undefined => {
  if (header.tenantId !== expected.tenantId || header.sessionId !== expected.sessionId) {
    return 'it belongs to another recording'
  }
  if (header.index !== expected.index)
    return `it is segment ${header.index}: one was removed, repeated or moved`
  if (header.previous !== expected.previous) return 'it does not follow the segment before it'
  if (header.end !== (header.signature !== undefined)) return CHANGED
  return undefined
}

const dataKeyOf = async ({ header }: SegmentParts, id: RecordingId, keys: Keys): Promise<DataKey> => {
  const wrapped = Buffer.from(header.wrappedKey, 'base64')
  using material = await keys.unwrap(wrapped, dataKeyContext(id.tenantId, id.sessionId))
  return { key: sealingKeyOf('recording', material), wrapped: header.wrappedKey }
}
