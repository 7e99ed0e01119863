import type { NewLineMode, Part, Quoting, ShellPart } from './ast.ts'
import type { Tag, TagValues } from './tags.ts'

/** A value that cannot stand where the template puts its tag. The message never contains the value. */
export class RenderError extends Error {
  readonly tag: Tag

  constructor(tag: Tag, message: string) {
    super(message)
    this.tag = tag
  }
}

/**
 * The command line for `exec`: every value is part of one POSIX shell word (XCU 2.2).
 * Throws RenderError for a value that is missing, holds NUL, or is not UTF-8.
 */
export const renderExec = (parts: readonly ShellPart[], values: TagValues): string =>
  parts.map(part => (part.kind === 'text' ? part.text : quote(text(part.tag, values), part.quoting))).join('')

/**
 * The bytes for `write`, with the new line of the mode.
 * Throws RenderError for a value with a control character: it would be a key press, not data.
 */
export const renderWrite = (
  parts: readonly Part[],
  values: TagValues,
  mode: NewLineMode,
): Uint8Array<ArrayBuffer> =>
  concatenated([...parts.map(part => rawBytes(part, values)), encoder.encode(newLines[mode])])

/** The literal text for `expect` and `no-expect`. */
export const renderLiteral = (parts: readonly Part[], values: TagValues): string =>
  parts.map(part => (part.kind === 'text' ? part.text : text(part.tag, values))).join('')

const newLines: Record<NewLineMode, string> = { lf: '\n', cr: '\r', crlf: '\r\n' }

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const quote = (value: string, quoting: Quoting): string => {
  const escaped = value.replaceAll("'", "'\\''")
  switch (quoting) {
    case 'bare':
      return `'${escaped}'`
    case 'single':
      return escaped
    case 'double':
      return value.replaceAll(/[\\"$`]/g, '\\$&')
  }
}

const valueOf = (tag: Tag, values: TagValues): Uint8Array => {
  const value = values[tag]
  if (value === undefined) throw new RenderError(tag, `There is no value for ${tag}`)
  if (value.includes(0)) throw new RenderError(tag, `The value of ${tag} contains a NUL character`)
  return value
}

const text = (tag: Tag, values: TagValues): string => {
  const value = valueOf(tag, values)
  try {
    return decoder.decode(value)
  } catch {
    throw new RenderError(tag, `The value of ${tag} is not UTF-8`)
  }
}

const rawBytes = (part: Part, values: TagValues): Uint8Array => {
  if (part.kind === 'text') return encoder.encode(part.text)
  const value = valueOf(part.tag, values)
  if (value.some(byte => byte < 0x20 || byte === 0x7f)) {
    throw new RenderError(part.tag, `The value of ${part.tag} contains a control character`)
  }
  return value
}

const concatenated = (pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    joined.set(piece, offset)
    offset += piece.length
  }
  return joined
}
