import { promisify } from 'node:util'
import { zstdCompress, zstdCompressSync, zstdDecompressSync, constants as zlib } from 'node:zlib'

const compress = promisify(zstdCompress)
/** What is smaller is packed sooner than another thread could be asked to. */
const SMALL_BYTES = 16 * 1024
const SCRATCH_BYTES = 512 * 1024
const MAX_KEPT = 4
const MAX_PLAIN_BYTES = 64 * 1024 * 1024

/**
 * Where large texts become bytes, used again and again. With a buffer for each the engine, which counts what lies
 * outside of its heap, collected everything after each 9 MiB of a stream: a quarter of a session's processor time.
 */
const scratches: Buffer[] = []

/** Packs lines with zstd (RFC 8878). */
export const pack = async (lines: string): Promise<Buffer> => {
  const bytes = Buffer.byteLength(lines)
  if (bytes < SMALL_BYTES) return zstdCompressSync(Buffer.from(lines), optionsFor(bytes))
  if (bytes > SCRATCH_BYTES) return compress(Buffer.from(lines), optionsFor(bytes))
  const scratch = scratches.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  const plain = scratch.subarray(0, scratch.write(lines))
  try {
    return await compress(plain, optionsFor(bytes))
  } finally {
    plain.fill(0)
    if (scratches.length < MAX_KEPT) scratches.push(scratch)
  }
}

/** The lines that were packed. Throws for what `pack` has not made, and for more than 64 MiB. */
export const unpack = (packed: Buffer): string =>
  zstdDecompressSync(packed, { maxOutputLength: MAX_PLAIN_BYTES }).toString('utf8')

const optionsFor = (bytes: number) => ({
  params: { [zlib.ZSTD_c_compressionLevel]: 1 },
  pledgedSrcSize: bytes,
  // What is a text comes out in one piece; zlib would otherwise go to its thread and back for each 16 KiB.
  chunkSize: Math.ceil(bytes / 2) + 1024,
})
