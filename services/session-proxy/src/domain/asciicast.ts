import { splitUtf8 } from './utf8-runs.ts'

/** The header of asciicast v3 (https://docs.asciinema.org/manual/asciicast/v3/), first line of every recording. */
export type CastHeader = {
  readonly cols: number
  readonly rows: number
  readonly term?: string
  readonly startedAt: Date
  readonly title: string
  readonly command?: string
}

export type CastEncoder = {
  /** Lines of what appeared on the screen, or came out of a command. */
  output(bytes: Buffer, at: Date): string
  resize(cols: number, rows: number, at: Date): string
  /** Something that the proxy did or said. */
  mark(text: string, at: Date): string
  exit(status: number, at: Date): string
  /** What the carry still holds: bytes that began a character which never ended. */
  flush(at: Date): string
}

export const castHeader = (header: CastHeader): string =>
  line({
    version: 3,
    term: { cols: header.cols, rows: header.rows, ...(header.term !== undefined && { type: header.term }) },
    timestamp: Math.floor(header.startedAt.getTime() / 1000),
    title: header.title,
    ...(header.command !== undefined && { command: header.command }),
  })

/**
 * Writes events with intervals in seconds since the one before.
 *
 * Lossless: bytes that are valid UTF-8 become "o" events, and bytes that are not become "b" events with their Base64,
 * which players ignore as an event type they do not know. Put in order, the two give the exact bytes. A character cut
 * in two by the network is carried over to the next event; a "p" event with the Base64 of its beginning says so, for the
 * case that nothing comes after it.
 */
export const castEncoder = (startedAt: Date): CastEncoder => {
  let last = startedAt.getTime()
  let carry: Buffer = Buffer.alloc(0)
  const event = (code: string, data: string, at: Date): string => {
    const interval = Math.max(0, at.getTime() - last)
    last += interval
    return line([interval / 1000, code, data])
  }
  const runs = (bytes: Buffer, final: boolean, at: Date): string => {
    const split = splitUtf8(bytes, final)
    carry = split.carry
    const lines = split.runs.map(run =>
      run.valid ? event('o', run.bytes.toString('utf8'), at) : event('b', run.bytes.toString('base64'), at),
    )
    if (carry.byteLength > 0) lines.push(event('p', carry.toString('base64'), at))
    return lines.join('')
  }
  return {
    output: (bytes, at) => runs(carry.byteLength === 0 ? bytes : Buffer.concat([carry, bytes]), false, at),
    resize: (cols, rows, at) => event('r', `${cols}x${rows}`, at),
    mark: (text, at) => event('m', text, at),
    exit: (status, at) => event('x', String(status), at),
    flush: at => runs(carry, true, at),
  }
}

/**
 * What JSON leaves as it is and others obey: a terminal the controls from U+007F on, a page that holds the line "<",
 * JavaScript the separators of lines.
 */
// oxlint-disable-next-line no-control-regex -- that is what they are.
const OBEYED = /[<\u007f-\u009f\u2028\u2029]/g

const line = (value: unknown): string =>
  `${JSON.stringify(value).replace(OBEYED, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
