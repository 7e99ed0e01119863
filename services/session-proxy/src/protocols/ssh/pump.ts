import type { Readable } from 'node:stream'

/** Hands over every chunk, one at a time, and resolves when the source has ended. Rejects when a chunk is refused. */
export const pump = (source: Readable, take: (chunk: Buffer) => Promise<unknown>): Promise<void> =>
  new Promise((resolve, reject) => {
    source.on('data', (chunk: Buffer) => {
      source.pause()
      take(chunk).then(() => source.resume(), reject)
    })
    source.once('end', resolve)
    source.once('close', resolve)
    source.once('error', reject)
    source.resume()
  })
