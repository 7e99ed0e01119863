/** So many records are read for one connection, which takes a quarter of a second whatever it carries. */
export const maxRecords = 5_000
/** What is more goes on the next connection. */
export const maxBytes: number = 4 * 1_024 * 1_024

/** As many frames as go on one connection: at least one, whatever its size. */
export const framesOf = <R>(records: readonly R[], frameOf: (record: R) => Buffer): Buffer[] => {
  const frames: Buffer[] = []
  let bytes = 0
  for (const record of records) {
    const frame = frameOf(record)
    bytes += frame.length
    if (frames.length > 0 && bytes > maxBytes) break
    frames.push(frame)
  }
  return frames
}

/** The first sequence number that should be there and is not: somebody took records away. */
export const missingIn = (
  records: readonly { readonly sequence: number }[],
  position: number,
): number | undefined => {
  const at = records.findIndex(({ sequence }, index) => sequence !== position + 1 + index)
  return at < 0 ? undefined : position + 1 + at
}
