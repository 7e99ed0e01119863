import type { SealingKey } from '@sallyport/crypto/envelope'
import { SallyportError } from '@sallyport/errors/error'
import type { RecordingId, SegmentSink } from './recording-store.ts'
import { hashOf, NO_PREVIOUS, sealSegment } from './segment.ts'

/** A segment is written as soon as this much waits; a smaller one when the clock asks for it. */
const SEGMENT_CHARACTERS = 256 * 1024
/** Whoever puts more than this waits until some of it is durable. */
const MAX_WAITING_CHARACTERS = 1024 * 1024

type Target = {
  readonly id: RecordingId
  readonly key: SealingKey
  readonly wrappedKey: Buffer
  readonly sink: SegmentSink
}

/** Seals lines into segments, one after the other, and stops for good at the first failure. */
export const segmentWriter = (target: Target) => {
  let waiting: string[] = []
  let waitingCharacters = 0
  let index = 0
  let previous = NO_PREVIOUS
  let tail: Promise<void> = Promise.resolve()
  let failure: SallyportError | undefined
  const failureListeners: ((error: Error) => void)[] = []

  const fail = (cause: unknown): void => {
    if (failure !== undefined) return
    failure = new SallyportError('recorder.failed', undefined, { cause })
    for (const listener of failureListeners) listener(failure)
  }
  const writeOne = async (end: boolean): Promise<void> => {
    if (failure !== undefined || (waiting.length === 0 && !end)) return
    const lines = waiting.join('')
    waiting = []
    waitingCharacters = 0
    const segment = await sealSegment(
      lines,
      { ...target.id, index, previous, end },
      target.key,
      target.wrappedKey,
    )
    await target.sink.append(segment)
    index += 1
    previous = hashOf(segment)
  }
  const write = (end: boolean): Promise<void> => {
    tail = tail.then(() => writeOne(end)).catch(fail)
    return tail
  }
  return {
    get failure(): SallyportError | undefined {
      return failure
    },
    put: (lines: string): void => {
      waiting.push(lines)
      waitingCharacters += lines.length
    },
    room: async (): Promise<void> => {
      if (waitingCharacters >= SEGMENT_CHARACTERS) {
        const written = write(false)
        if (waitingCharacters >= MAX_WAITING_CHARACTERS) await written
      }
      if (failure !== undefined) throw failure
    },
    flush: (): Promise<void> => (waiting.length === 0 ? tail : write(false)),
    end: async (): Promise<number> => {
      await write(true)
      await target.sink.close().catch(fail)
      return index
    },
    onFailure: (listener: (error: Error) => void): void => {
      failureListeners.push(listener)
    },
  }
}
