import type { Readable } from 'node:stream'

/** So much may be on its way at once: enough for a slow disk to get large pieces, and little for each session. */
const MAX_UNDER_WAY_BYTES = 256 * 1024

/**
 * Hands over every chunk, and resolves when the source has ended and the last one is taken. Does not wait for one
 * before it hands over the next, up to a limit: whoever takes them keeps them in order. Rejects when one is refused.
 */
export const pump = (source: Readable, take: (chunk: Buffer) => Promise<unknown>): Promise<void> =>
  new Promise((resolve, reject) => {
    let underWayBytes = 0
    let last: Promise<void> = Promise.resolve()
    const handOver = async (chunk: Buffer): Promise<void> => {
      underWayBytes += chunk.byteLength
      if (underWayBytes >= MAX_UNDER_WAY_BYTES) source.pause()
      await take(chunk)
      underWayBytes -= chunk.byteLength
      if (underWayBytes < MAX_UNDER_WAY_BYTES) source.resume()
    }
    source.on('data', (chunk: Buffer) => {
      last = handOver(chunk)
      last.catch(reject)
    })
    const end = (): void => void last.then(resolve, reject)
    source.once('end', end)
    source.once('close', end)
    source.once('error', reject)
    source.resume()
  })
