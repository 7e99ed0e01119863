/**
 * When the next run begins, in milliseconds: a whole interval after the last one began; and when that lasted longer, at
 * the next beat, so that runs never pile up.
 */
export const nextStart = (startedAt: number, endedAt: number, everyMs: number): number =>
  startedAt + everyMs * Math.max(1, Math.ceil((endedAt - startedAt) / everyMs))
