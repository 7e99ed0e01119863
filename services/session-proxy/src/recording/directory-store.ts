import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SallyportError } from '@sallyport/errors/error'
import type { RecordingId, RecordingStore, SegmentSink } from './recording-store.ts'

const LENGTH_BYTES = 4
const PROBE_BYTES = 4_096
/** No recorder writes larger ones; a larger length is damage. */
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024

/** One file for each recording: each segment is preceded by its length (32 bits, big endian). */
export const directoryStore = (root: string): RecordingStore => ({
  create: async id => {
    const path = pathOf(root, id)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await syncFolder(dirname(path))
    return sinkOf(file)
  },
  read: id => readSegments(pathOf(root, id)),
  salvage: id => salvage(pathOf(root, id)),
  probe: async () => {
    await mkdir(root, { recursive: true, mode: 0o700 })
    const path = join(root, `.probe-${randomUUID()}`)
    try {
      // A full disk makes files, but takes nothing into them.
      await writeFile(path, Buffer.alloc(PROBE_BYTES), { mode: 0o600 })
    } finally {
      await rm(path, { force: true })
    }
  },
})

const sinkOf = (file: FileHandle): SegmentSink => {
  let written = 0
  const write = async (segment: Buffer): Promise<void> => {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(segment.byteLength)
    const wanted = LENGTH_BYTES + segment.byteLength
    const { bytesWritten } = await file.writev([length, segment])
    // A disk that becomes full takes a part, and says so only the next time.
    if (bytesWritten < wanted) throw new Error(`Only ${bytesWritten} of ${wanted} bytes could be written`)
    written += wanted
  }
  return {
    append: segment =>
      write(segment).catch(async (error: unknown) => {
        await file.truncate(written)
        throw error
      }),
    sync: () => file.datasync(),
    close: () => file.close(),
  }
}

const salvage = async (path: string): Promise<number> => {
  await using file = await open(path, 'r').catch(notFound)
  const copy = `${path}.${randomUUID()}`
  let segments = 0
  {
    await using written = await open(copy, 'wx', 0o600)
    const sink = sinkOf(written)
    for await (const { segment, isWhole } of segmentsOf(file)) {
      if (!isWhole) break
      await sink.append(segment)
      segments += 1
    }
    await sink.sync()
  }
  await rename(copy, path)
  await syncFolder(dirname(path))
  return segments
}

const notFound = (error: unknown): never => {
  throw new SallyportError('recording.not_found', undefined, { cause: error })
}

async function* readSegments(path: string): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path, 'r').catch(notFound)
  for await (const { segment } of segmentsOf(file)) yield segment
}

type Piece = { readonly segment: Buffer; readonly isWhole: boolean }

async function* segmentsOf(file: FileHandle): AsyncGenerator<Piece, void, undefined> {
  for (let position = 0; ; ) {
    const prefix = await readExactly(file, position, LENGTH_BYTES)
    if (prefix.byteLength === 0) return
    const length = prefix.byteLength === LENGTH_BYTES ? prefix.readUInt32BE() : MAX_SEGMENT_BYTES + 1
    if (length > MAX_SEGMENT_BYTES) {
      yield { segment: prefix, isWhole: false }
      return
    }
    const segment = await readExactly(file, position + LENGTH_BYTES, length)
    const isWhole = segment.byteLength === length
    yield { segment, isWhole }
    if (!isWhole) return
    position += LENGTH_BYTES + length
  }
}

/** Fewer bytes only where the file ends. */
const readExactly = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const pathOf = (root: string, { tenantId, sessionId }: RecordingId): string => {
  if (!UUID.test(tenantId) || !UUID.test(sessionId)) throw new SallyportError('recording.not_found')
  // The random end of the id spreads recordings evenly over folders.
  return join(root, tenantId, sessionId.slice(-2), `${sessionId}.spr`)
}

const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(path, 'r')
  await folder.sync()
}
