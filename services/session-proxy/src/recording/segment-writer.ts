import type { SealingKey } from '@sallyport/crypto/envelope'
import { SallyportError } from '@sallyport/errors/error'
import type { RecordingId, SegmentSink } from './recording-store.ts'
import { hashOf, NO_PREVIOUS, sealSegment } from './segment.ts'

/** A store that is silent through so many calls of `flush` has failed: ten seconds. */
const MAX_SILENT_FLUSHES = 20

type Target = {
  readonly id: RecordingId
  readonly key: SealingKey
  readonly wrappedKey: Buffer
  readonly sink: SegmentSink
}

/**
 * Seals lines into segments, one after the other, and stops for good at the first failure. While one is written, the
 * next one fills: who writes little gets small segments at once, who writes much gets large ones.
 */
export const segmentWriter = (target: Target) => {
  let waiting: string[] = []
  let index = 0
  let previous = NO_PREVIOUS
  let tail: Promise<void> = Promise.resolve()
  let scheduled: Promise<void> | undefined
  let syncing: Promise<void> | undefined
  let isSynced = true
  let isSyncLate = false
  let busyWith = 0
  let silentFlushes = 0
  let failure: SallyportError | undefined
  const failed = Promise.withResolvers<void>()
  const failureListeners: ((error: Error) => void)[] = []

  const fail = (cause: unknown): void => {
    if (failure !== undefined) return
    failure = new SallyportError('recorder.failed', undefined, { cause })
    for (const listener of failureListeners) listener(failure)
    failed.resolve()
  }
  const store = async (work: () => Promise<void>): Promise<void> => {
    busyWith += 1
    await work()
    busyWith -= 1
    silentFlushes = 0
  }
  const writeOne = async (end: boolean): Promise<void> => {
    scheduled = undefined
    if (failure !== undefined || (waiting.length === 0 && !end)) return
    const lines = waiting.join('')
    waiting = []
    const segment = await sealSegment(
      lines,
      { ...target.id, index, previous, end },
      target.key,
      target.wrappedKey,
    )
    await store(() => target.sink.append(segment))
    isSynced = false
    index += 1
    previous = hashOf(segment)
  }
  const write = (): Promise<void> => {
    if (scheduled !== undefined) return scheduled
    tail = tail.then(() => writeOne(false)).catch(fail)
    scheduled = tail
    return tail
  }
  const sync = async (): Promise<void> => {
    isSynced = true
    await store(target.sink.sync).catch(fail)
    syncing = undefined
    isSyncLate = false
  }
  const finish = async (): Promise<void> => {
    tail = tail.then(() => writeOne(true)).catch(fail)
    await tail
    await syncing
    await sync()
    await target.sink.close().catch(fail)
  }
  return {
    get failure(): SallyportError | undefined {
      return failure
    },
    /** Characters that wait to be sealed. */
    get backlog(): number {
      return waiting.reduce((sum, lines) => sum + lines.length, 0)
    },
    /** Resolves when the lines are sealed and written: from then on the death of this process cannot take them away. */
    put: async (lines: string): Promise<void> => {
      waiting.push(lines)
      await write()
      if (isSyncLate) await syncing
      if (failure !== undefined) throw failure
    },
    /** Makes what was written durable. Called twice a second: whoever writes waits if the last time is not over. */
    flush: async (): Promise<void> => {
      if (busyWith > 0) silentFlushes += 1
      if (silentFlushes >= MAX_SILENT_FLUSHES) fail(new Error('The store does not answer'))
      if (syncing !== undefined) isSyncLate = true
      else if (isSynced) return
      else syncing = sync()
      await syncing
    },
    /** Ends the recording with its last lines. Does not wait for a store that has failed. */
    end: async (lines: string): Promise<number> => {
      if (lines !== '') waiting.push(lines)
      await Promise.race([finish(), failed.promise])
      return index
    },
    onFailure: (listener: (error: Error) => void): void => {
      failureListeners.push(listener)
    },
  }
}
