import { newSealingKey } from '@sallyport/crypto/envelope'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import { type CastHeader, castEncoder, castHeader } from '../domain/asciicast.ts'
import type { RecordingId, RecordingStore } from './recording-store.ts'
import { dataKeyContext } from './segment.ts'
import { segmentWriter } from './segment-writer.ts'

export type RecorderDeps = {
  readonly store: Pick<RecordingStore, 'create'>
  readonly keys: Pick<RootKeyProvider, 'wrap'>
  readonly clock: { now(): Date }
}

/** What a watcher of a live session gets: lines of asciicast as they are recorded. */
export type LineListener = (lines: string) => void

export type Recorder = {
  /** The recording's first line. */
  readonly header: string
  /**
   * Resolves when the bytes are recorded: sealed, in the chain, and handed to the operating system. Only then may they
   * be shown. Throws `recorder.failed` once recording is no longer possible: then nothing may be shown any more.
   */
  output(bytes: Buffer): Promise<void>
  resize(cols: number, rows: number): Promise<void>
  mark(text: string): Promise<void>
  /** Makes what is recorded durable. Never throws: a failure is told to `onFailure`. */
  flush(): Promise<void>
  /** Seals the recording. Never throws. */
  end(exitStatus: number | undefined): Promise<Recorded>
  /** Called at once when recording fails. */
  onFailure(listener: (error: Error) => void): void
  onLines(listener: LineListener): void
  /** How much waits to be recorded, about in bytes. */
  readonly backlog: number
}

export type Recorded = { readonly segments: number; readonly bytes: number }

/**
 * Opens a recording and makes its header durable, so that a session starts only where it can be recorded.
 * Throws `recorder.failed`.
 */
export const openRecorder = async (
  deps: RecorderDeps,
  id: RecordingId,
  cast: CastHeader,
): Promise<Recorder> => {
  const { clock } = deps
  const encoder = castEncoder(cast.startedAt)
  const writer = await openWriter(deps, id)
  const listeners: LineListener[] = []
  let bytes = 0
  const put = async (lines: string): Promise<void> => {
    if (writer.failure !== undefined) throw writer.failure
    if (lines === '') return
    await writer.put(lines)
    for (const listener of listeners) listener(lines)
  }
  const header = castHeader(cast)
  await put(header)
  await writer.flush()
  if (writer.failure !== undefined) throw writer.failure
  return {
    header,
    output: chunk => {
      bytes += chunk.byteLength
      return put(encoder.output(chunk, clock.now()))
    },
    resize: (cols, rows) => put(encoder.resize(cols, rows, clock.now())),
    mark: text => put(encoder.mark(text, clock.now())),
    flush: writer.flush,
    end: async exitStatus => {
      const exit = exitStatus === undefined ? '' : encoder.exit(exitStatus, clock.now())
      const lines = encoder.flush(clock.now()) + exit
      const segments = await writer.end(lines)
      if (lines !== '') for (const listener of listeners) listener(lines)
      return { segments, bytes }
    },
    onFailure: writer.onFailure,
    onLines: listener => listeners.push(listener),
    get backlog() {
      return writer.backlog
    },
  }
}

const openWriter = async (
  { store, keys }: RecorderDeps,
  id: RecordingId,
): Promise<ReturnType<typeof segmentWriter>> => {
  try {
    const key = newSealingKey('recording')
    using material = Secret.of(key.key.export())
    const wrappedKey = await keys.wrap(material, dataKeyContext(id.tenantId, id.sessionId))
    return segmentWriter({ id, key, wrappedKey, sink: await store.create(id) })
  } catch (error) {
    throw new SallyportError('recorder.failed', undefined, { cause: error })
  }
}
