/** Objects have at most this much, so that none is ever too large for memory or for one request. */
export const maxPartBytes: number = 64 * 1024 * 1024

/** Cuts a stream into parts of one size; the last has what is left. An empty stream has none. */
export async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number = maxPartBytes,
): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    let rest = chunk
    while (bytes + rest.byteLength >= partBytes) {
      const fits = partBytes - bytes
      yield Buffer.concat([...waiting, rest.subarray(0, fits)])
      rest = rest.subarray(fits)
      waiting = []
      bytes = 0
    }
    if (rest.byteLength > 0) waiting.push(rest)
    bytes += rest.byteLength
  }
  if (bytes > 0) yield Buffer.concat(waiting)
}
