import { randomUUID } from 'node:crypto'
import { newSealingKey, open, seal } from '@sallyport/crypto/envelope'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openRecorder, type Recorder } from './recorder.ts'
import type { RecordingId, RecordingStore } from './recording-store.ts'
import { checkSegments, verifyRecording } from './verify.ts'

const rootKey = newSealingKey('root-1')
const keys: Pick<RootKeyProvider, 'wrap' | 'unwrap'> = {
  wrap: async (material, context) => seal(rootKey, material, context),
  unwrap: async (blob, context) => open(rootKey, blob, context),
}
const clock = { now: () => new Date('2026-11-21T10:00:00Z') }
const cast = { cols: 80, rows: 24, startedAt: clock.now(), title: 'root@web-1' }

const memoryStore = (
  refuseAfter = Number.POSITIVE_INFINITY,
): { segments: Buffer[] } & Pick<RecordingStore, 'create'> => {
  const segments: Buffer[] = []
  return {
    segments,
    create: async () => ({
      append: async segment => {
        if (segments.length >= refuseAfter) throw new Error('ENOSPC')
        segments.push(segment)
      },
      sync: async () => {},
      close: async () => {},
    }),
  }
}

const newId = (): RecordingId => ({ tenantId: randomUUID(), sessionId: randomUUID() })

async function* stream(segments: Buffer[]): AsyncGenerator<Buffer> {
  yield* segments
}

const record = async (id: RecordingId, pieces: string[]): Promise<Buffer[]> => {
  const store = memoryStore()
  const recorder = await openRecorder({ store, keys, clock }, id, cast)
  for (const piece of pieces) {
    await recorder.output(Buffer.from(piece))
    await recorder.flush()
  }
  await recorder.end(0)
  return store.segments
}

const verify = (segments: Buffer[], id: RecordingId) => verifyRecording(stream(segments), id, keys)

const id = newId()
const recorded: Buffer[] = await record(id, ['one', 'two', 'three', 'four'])
const other: Buffer[] = await record(newId(), ['one', 'two', 'three', 'four'])

describe('a recording', () => {
  it('is intact and complete when nobody touched it', async () => {
    expect(await verify(recorded, id)).toEqual({ intact: true, segments: 6, problem: '', complete: true })
  })

  it('gives back what was recorded', async () => {
    let text = ''
    for await (const checked of checkSegments(stream(recorded), id, keys)) {
      if (checked.kind === 'good') text += checked.lines
    }
    const lines = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({ version: 3 })
    expect(lines.slice(1).map(([, code, data]) => `${code}:${data}`)).toEqual([
      'o:one',
      'o:two',
      'o:three',
      'o:four',
      'x:0',
    ])
  })

  it('names the segment in which any one bit was flipped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: recorded.length - 1 }),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (index, position, bit) => {
          const segment = Buffer.from(recorded[index] ?? [])
          const at = position % segment.byteLength
          segment[at] = (segment[at] ?? 0) ^ (1 << bit)
          const verification = await verify(recorded.with(index, segment), id)
          expect(verification).toMatchObject({ intact: false, badSegment: index })
        },
      ),
      { numRuns: 1_000 },
    )
  }, 30_000)

  it.each([0, 1, 2, 3, 4])('names segment %d when it was removed', async index => {
    expect(await verify(recorded.toSpliced(index, 1), id)).toMatchObject({ intact: false, badSegment: index })
  })

  it.each([0, 1, 2, 3, 4])('names segment %d when it changed places with the next', async index => {
    const [a, b] = [recorded[index] ?? Buffer.alloc(0), recorded[index + 1] ?? Buffer.alloc(0)]
    expect(await verify(recorded.with(index, b).with(index + 1, a), id)).toMatchObject({
      intact: false,
      badSegment: index,
    })
  })

  it.each([0, 1, 2, 3, 4, 5])('names segment %d when it is another session’s', async index => {
    const foreign = other[index] ?? Buffer.alloc(0)
    expect(await verify(recorded.with(index, foreign), id)).toMatchObject({
      intact: false,
      badSegment: index,
    })
  })

  it('is refused whole under another session’s id', async () => {
    expect(await verify(other, id)).toMatchObject({ intact: false, badSegment: 0 })
  })

  it('is refused when a segment is repeated or added after its end', async () => {
    const [first = Buffer.alloc(0)] = recorded
    expect(await verify([first, ...recorded], id)).toMatchObject({ intact: false, badSegment: 1 })
    expect(await verify([...recorded, first], id)).toMatchObject({ intact: false, badSegment: 6 })
  })

  it('is a valid prefix, but not complete, when it was cut off between segments', async () => {
    for (let kept = 0; kept < recorded.length; kept += 1) {
      expect(await verify(recorded.slice(0, kept), id)).toMatchObject({
        intact: true,
        segments: kept,
        complete: false,
      })
    }
  })

  it('names the segment that was cut off in its middle', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: recorded.length - 1 }), fc.nat(), async (index, length) => {
        const whole = recorded[index] ?? Buffer.alloc(0)
        const torn = whole.subarray(0, length % whole.byteLength)
        expect(await verify([...recorded.slice(0, index), torn], id)).toMatchObject({
          intact: false,
          badSegment: index,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('holds nothing in clear', () => {
    for (const segment of recorded) expect(segment.includes('three')).toBe(false)
  })
})

describe('a recorder', () => {
  const opened = (store: Pick<RecordingStore, 'create'>): Promise<Recorder> =>
    openRecorder({ store, keys, clock }, newId(), cast)

  it('does not open where nothing can be written', async () => {
    await expect(opened(memoryStore(0))).rejects.toMatchObject({ reason: 'recorder.failed' })
  })

  it('does not open where the store fails', async () => {
    const store = { create: () => Promise.reject(new Error('EACCES')) }
    await expect(opened(store)).rejects.toMatchObject({ reason: 'recorder.failed' })
  })

  it('says at once that it failed, and takes nothing any more', async () => {
    const recorder = await opened(memoryStore(1))
    const failures: Error[] = []
    recorder.onFailure(error => failures.push(error))
    await expect(recorder.output(Buffer.from('x'))).rejects.toMatchObject({ reason: 'recorder.failed' })
    expect(failures).toHaveLength(1)
    await expect(recorder.output(Buffer.from('y'))).rejects.toMatchObject({ reason: 'recorder.failed' })
  })

  it('has written what it took over, in a segment of its own if nothing else came', async () => {
    const store = memoryStore()
    const recorder = await opened(store)
    await recorder.output(Buffer.from('x'))
    expect(store.segments).toHaveLength(2)
    await Promise.all(Array.from({ length: 100 }, () => recorder.output(Buffer.from('y'))))
    expect(store.segments).toHaveLength(3)
  })

  it('fails when its store is silent for ten seconds, and does not wait for it at the end', async () => {
    let appended = 0
    const never = new Promise<void>(() => {})
    const append = async (): Promise<void> => {
      appended += 1
      if (appended > 1) await never
    }
    const sink = {
      append,
      sync: async () => {},
      close: async () => {},
    }
    const recorder = await opened({ create: async () => sink })
    const failures: Error[] = []
    recorder.onFailure(error => failures.push(error))
    void recorder.output(Buffer.from('x'))
    await expect.poll(() => appended).toBe(2)
    for (let halfSeconds = 0; halfSeconds < 19; halfSeconds += 1) await recorder.flush()
    expect(failures).toEqual([])
    await recorder.flush()
    expect(failures).toHaveLength(1)
    await recorder.end(undefined)
  })

  it('shows nothing more while what it wrote is not durable for too long', async () => {
    const syncs: (() => void)[] = []
    const sync = (): Promise<void> => (syncs.length === 0 ? started() : new Promise(done => syncs.push(done)))
    const started = async (): Promise<void> => void syncs.push(() => {})
    const recorder = await opened({
      create: async () => ({ append: async () => {}, sync, close: async () => {} }),
    })
    await recorder.output(Buffer.from('a'))
    void recorder.flush()
    await recorder.output(Buffer.from('b'))
    void recorder.flush()
    let isShown = false
    const show = async (): Promise<void> => {
      await recorder.output(Buffer.from('c'))
      isShown = true
    }
    const shown = show()
    await new Promise(resolve => setImmediate(resolve))
    expect(isShown).toBe(false)
    syncs.at(-1)?.()
    await shown
  })

  it('makes those wait who are faster than the store', async () => {
    const gate = Promise.withResolvers<void>()
    let appended = 0
    const store: Pick<RecordingStore, 'create'> = {
      create: async () => ({
        append: async () => {
          appended += 1
          if (appended > 1) await gate.promise
        },
        sync: async () => {},
        close: async () => {},
      }),
    }
    const recorder = await opened(store)
    let taken = 0
    const writing = (async () => {
      for (; taken < 200; taken += 1) await recorder.output(Buffer.alloc(64 * 1024, 'x'))
    })()
    await new Promise(resolve => setImmediate(resolve))
    await expect.poll(() => appended).toBe(2)
    const before = taken
    expect(before).toBeLessThan(40)
    gate.resolve()
    await writing
    expect(taken).toBe(200)
  })
})
