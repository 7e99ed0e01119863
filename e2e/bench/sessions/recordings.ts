import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevelopmentKeyRing, openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { pump } from '@sallyport/session-proxy/protocols/ssh/pump'
import { directoryStore } from '@sallyport/session-proxy/recording/directory-store'
import { openRecorder, type Recorder } from '@sallyport/session-proxy/recording/recorder'
import type { RecordingId, RecordingStore } from '@sallyport/session-proxy/recording/recording-store'

/** The recorder as the session proxy has it, on a disk, without SSH. */
export type Recordings = AsyncDisposable & {
  readonly store: RecordingStore
  readonly keys: RootKeyProvider
  readonly open: (clock?: {
    now(): Date
  }) => Promise<{ readonly id: RecordingId; readonly recorder: Recorder }>
  readonly bytesOnDisk: () => Promise<number>
}

export const openRecordings = async (): Promise<Recordings> => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-recordings-'))
  await createDevelopmentKeyRing(join(folder, 'keys.json'))
  const keys = await openFileKeyProvider(join(folder, 'keys.json'))
  const files = join(folder, 'files')
  const store = directoryStore(files)
  return {
    store,
    keys,
    open: async (clock = { now: () => new Date() }) => {
      const id = { tenantId: randomUUID(), sessionId: randomUUID() }
      const cast = { cols: 120, rows: 40, startedAt: clock.now(), title: 'bench' }
      return { id, recorder: await openRecorder({ store, keys, clock }, id, cast) }
    },
    bytesOnDisk: async () => {
      const names = await readdir(files, { recursive: true })
      const found = await Promise.all(names.map(name => stat(join(files, name))))
      return found.reduce((total, one) => total + (one.isFile() ? one.size : 0), 0)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

const CHUNK_BYTES = 32 * 1024
const FLUSH_MILLISECONDS = 500

/** Records a file as fast as the recorder takes it, in the pieces in which a session brings it. */
export const record = async (recorder: Recorder, path: string): Promise<void> => {
  const ticker = setInterval(() => void recorder.flush(), FLUSH_MILLISECONDS)
  await pump(createReadStream(path, { highWaterMark: CHUNK_BYTES }), chunk => recorder.output(chunk))
  await recorder.end(0)
  clearInterval(ticker)
}
