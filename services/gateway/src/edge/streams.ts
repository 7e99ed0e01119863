import { Readable } from 'node:stream'

/**
 * Turns an iterable into a stream, after its first piece has come: what fails before that can still be answered with
 * a proper error, and not with an empty success.
 */
export const openedStream = async (pieces: AsyncIterable<string | Uint8Array>): Promise<Readable> => {
  const iterator = pieces[Symbol.asyncIterator]()
  const first = await iterator.next()
  return Readable.from(resumed(first, iterator), { objectMode: false })
}

async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    for (let piece = first; !piece.done; piece = await rest.next()) yield piece.value
  } finally {
    // Reached too when the reader goes away: lets the source close what it holds.
    await rest.return?.()
  }
}
