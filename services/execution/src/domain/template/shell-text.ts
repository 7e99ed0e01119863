import type { Part, Quoting, ShellPart } from './ast.ts'
import { TemplateProblem } from './problem.ts'

/** Where in a POSIX shell command line we are (XCU 2.2). */
type Place = {
  quoting: Quoting
  /** The last character, unless it was itself escaped: a backslash or `$` changes what follows it. */
  before: '\\' | '$' | ''
  wordStart: boolean
  comment: boolean
  /** A substitution was opened earlier on the line. */
  substituted: boolean
}

/**
 * Notes for each tag of a command line which quotes surround it, and refuses the places where no quoting is safe.
 * INVARIANT: a tag that passes becomes part of exactly one shell word, whatever its value is.
 */
export const placeTags = (parts: readonly Part[]): ShellPart[] => {
  const place: Place = { quoting: 'bare', before: '', wordStart: true, comment: false, substituted: false }
  const seen: string[] = []
  const placed = parts.map((part): ShellPart => {
    if (part.kind === 'text') {
      for (const character of part.text) advance(place, character)
      seen.push(part.text)
      return part
    }
    refuseUnsafe(place, seen.join(''), part.column)
    place.before = ''
    place.wordStart = false
    return { ...part, quoting: place.quoting }
  })
  const last = parts.at(-1)
  if (place.quoting !== 'bare' && parts.some(part => part.kind === 'tag')) {
    throw new TemplateProblem(last?.kind === 'tag' ? last.column : 1, 'A quote is not closed')
  }
  return placed
}

const advance = (place: Place, character: string) => {
  if (place.comment) return
  const { before, quoting } = place
  place.before = ''
  if (quoting === 'single') {
    if (character === "'") place.quoting = 'bare'
    return
  }
  if (before === '\\') {
    place.wordStart = false
    return
  }
  if (before === '$' && "'({[".includes(character)) place.substituted = true
  if (character === '`') place.substituted = true
  if (character === '\\' || character === '$') place.before = character
  if (character === '"') place.quoting = quoting === 'double' ? 'bare' : 'double'
  if (character === "'" && quoting === 'bare') place.quoting = 'single'
  if (character === '#' && quoting === 'bare' && place.wordStart) place.comment = true
  place.wordStart = quoting === 'bare' && ' \t;&|()<>'.includes(character)
}

const refuseUnsafe = (place: Place, before: string, column: number) => {
  const refuse = (where: string) => {
    throw new TemplateProblem(column, `A tag cannot stand ${where}: nothing can be quoted safely there`)
  }
  if (place.comment) refuse('in a comment')
  if (place.before !== '') refuse(`directly after "${place.before}"`)
  if (place.substituted) refuse('after "$(…)", "${…}", "$\'…\'" or backquotes on the same line')
  if (reparsed.test(before)) refuse('in what a second shell reads again ("eval", "sh -c", "su -c", "ssh")')
}

// Not a proof, a net: a program that parses its argument again undoes the quoting that is right for this shell.
const reparsed = /(?:^|[\s;&|(])(?:\S*\/)?(?:eval|ssh|xargs|(?:ba|da|k|z|a)?sh\b.*\s-\w*c|su\b.*\s-\w*c)\s/
