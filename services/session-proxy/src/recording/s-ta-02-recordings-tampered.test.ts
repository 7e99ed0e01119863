import { randomInt, randomUUID } from 'node:crypto'
import { newSealingKey, open, seal } from '@sallyport/crypto/envelope'
import { counted, figure } from '@sallyport/testing/proof'
import { beforeAll, describe, expect, it } from 'vitest'
import { openRecorder } from './recorder.ts'
import type { RecordingId } from './recording-store.ts'
import { hashOf, sealSegment } from './segment.ts'
import { encodeSegment, parseSegment } from './segment-layout.ts'
import { verifyRecording } from './verify.ts'

const total = counted(5_000)
const rootKey = newSealingKey('root-1')
const keys = {
  wrap: async (material: Parameters<typeof seal>[1], context: Parameters<typeof seal>[2]) =>
    seal(rootKey, material, context),
  unwrap: async (blob: Uint8Array, context: Parameters<typeof seal>[2]) => open(rootKey, blob, context),
}
const clock = { now: () => new Date('2026-11-22T03:00:00Z') }
const cast = { cols: 80, rows: 24, startedAt: clock.now(), title: 'root@web-1' }

const record = async (id: RecordingId, pieces: number): Promise<Buffer[]> => {
  const segments: Buffer[] = []
  const sink = {
    append: async (segment: Buffer) => void segments.push(segment),
    sync: async () => {},
    close: async () => {},
  }
  const recorder = await openRecorder({ store: { create: async () => sink }, keys, clock }, id, cast)
  for (let piece = 0; piece < pieces; piece += 1) await recorder.output(Buffer.from(`piece ${piece}\r\n`))
  await recorder.end(0)
  return segments
}

async function* stream(segments: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* segments
}

/** Each changes a recording, and tells the segment from which on it cannot be right any more. */
type Tamper = (segments: readonly Buffer[], other: readonly Buffer[]) => { tampered: Buffer[]; first: number }

const anyOf = (segments: readonly Buffer[]): number => randomInt(segments.length)
const at = (segments: readonly Buffer[], index: number): Buffer => segments[index] ?? Buffer.alloc(0)

const tampers: Record<string, Tamper> = {
  'flips a bit': segments => {
    const first = anyOf(segments)
    const changed = Buffer.from(at(segments, first))
    const position = randomInt(changed.byteLength)
    changed.writeUInt8(changed.readUInt8(position) ^ (1 << randomInt(8)), position)
    return { tampered: segments.with(first, changed), first }
  },
  'removes segments from the middle': segments => {
    const first = randomInt(segments.length - 1)
    return { tampered: segments.toSpliced(first, randomInt(1, segments.length - first)), first }
  },
  'changes two places': segments => {
    const [a, b] = [randomInt(segments.length - 1), segments.length - 1]
    return { tampered: segments.with(a, at(segments, b)).with(b, at(segments, a)), first: a }
  },
  'repeats a segment': segments => {
    const first = anyOf(segments)
    return { tampered: segments.toSpliced(first, 0, at(segments, first)), first: first + 1 }
  },
  'puts in another recording’s segment': (segments, other) => {
    const first = anyOf(segments)
    return { tampered: segments.with(first, at(other, first)), first }
  },
  'ends with another recording’s end': (segments, other) => {
    const first = randomInt(1, segments.length)
    return { tampered: [...segments.slice(0, first), ...other.slice(first)], first }
  },
  'cuts a segment short': segments => {
    const first = anyOf(segments)
    const whole = at(segments, first)
    return { tampered: segments.with(first, whole.subarray(0, randomInt(whole.byteLength))), first }
  },
  'makes a segment longer': segments => {
    const first = anyOf(segments)
    return {
      tampered: segments.with(first, Buffer.concat([at(segments, first), Buffer.alloc(1 + randomInt(9))])),
      first,
    }
  },
  'says that a segment in the middle is the end': segments => {
    const first = randomInt(1, segments.length - 1)
    const { header, body } = parseSegment(at(segments, first))
    const signature = parseSegment(at(segments, segments.length - 1)).header.signature
    return {
      tampered: [
        ...segments.slice(0, first),
        encodeSegment({ header: { ...header, end: true, signature }, body }),
      ],
      first,
    }
  },
  'renumbers what follows a removed segment': segments => {
    const first = randomInt(1, segments.length - 1)
    let previous = hashOf(at(segments, first - 1))
    const rest = segments.slice(first + 1).map((segment, offset) => {
      const { header, body } = parseSegment(segment)
      const moved = encodeSegment({ header: { ...header, index: first + offset, previous }, body })
      previous = hashOf(moved)
      return moved
    })
    return { tampered: [...segments.slice(0, first), ...rest], first }
  },
}

describe('S-TA-02: a recording that was changed in any way is told from one that was not', () => {
  const id: RecordingId = { tenantId: randomUUID(), sessionId: randomUUID() }
  const otherId: RecordingId = { tenantId: id.tenantId, sessionId: randomUUID() }
  let recorded: Buffer[]
  let other: Buffer[]

  beforeAll(async () => {
    recorded = await record(id, 12)
    other = await record(otherId, 12)
  })

  it('names the first bad segment after each of so many changes', async () => {
    const kinds = Object.entries(tampers)
    for (let round = 0; round < total; round += 1) {
      const [what, tamper] = kinds[round % kinds.length] ?? kinds[0] ?? []
      if (tamper === undefined) break
      const { tampered, first } = tamper(recorded, other)
      const found = await verifyRecording(stream(tampered), id, keys)
      expect(found, what).toMatchObject({ intact: false, badSegment: first })
      expect(found.segments, what).toBe(first)
    }
    expect(await verifyRecording(stream(recorded), id, keys)).toMatchObject({ intact: true, complete: true })
    figure(
      'S-TA-02',
      `${total} changes of ${kinds.length} kinds, each found, each with its first bad segment`,
    )
  }, 600_000)

  it('is authenticated segment by segment: every prefix verifies, and none is taken for the whole', async () => {
    for (let kept = 0; kept < recorded.length; kept += 1) {
      const found = await verifyRecording(stream(recorded.slice(0, kept)), id, keys)
      expect(found).toEqual({ intact: true, segments: kept, problem: '', complete: false })
    }
  })

  it('cannot be made by who has the files but not the key', async () => {
    const forged = newSealingKey('recording')
    const { header } = parseSegment(at(recorded, 0))
    const place = { ...id, index: 0, previous: header.previous, end: true }
    const segment = await sealSegment(
      '{"version":3}\n',
      place,
      forged,
      Buffer.from(header.wrappedKey, 'base64'),
    )
    expect(await verifyRecording(stream([segment]), id, keys)).toMatchObject({ intact: false, badSegment: 0 })
  })
})
