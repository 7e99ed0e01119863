import { compilePattern } from '../pattern/compile.ts'
import { PatternError } from '../pattern/syntax.ts'
import type { Command, NewLineMode, Part } from './ast.ts'
import { limits } from './limits.ts'
import { TemplateProblem } from './problem.ts'
import { placeTags } from './shell-text.ts'
import { isSecret } from './tags.ts'
import { parseText } from './text.ts'

type Line = { line: number; source: string }

/** What follows the command's name, and where. */
type Argument = { text: string; column: number }

type Reader = (argument: Argument, line: Line) => Command

export const commandNames = (): string[] => Object.keys(readers)

export const parseCommand = (source: string, line: number): Command => {
  const [, indent = '', name = '', space = '', text = ''] = /^(\s*)(\S+)([ \t]?)(.*)$/s.exec(source) ?? []
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined
  if (read === undefined) {
    throw new TemplateProblem(
      indent.length + 1,
      `Unknown command "${name}"; expected ${commandNames().join(', ')}`,
    )
  }
  return read({ text, column: indent.length + name.length + space.length + 1 }, { line, source })
}

const readers: Record<string, Reader> = {
  exec: (argument, line) => ({
    kind: 'exec',
    ...line,
    parts: placeTags(parseText(argument.text, argument.column)),
  }),
  write: (argument, line) => ({ kind: 'write', ...line, parts: parseText(argument.text, argument.column) }),
  expect: (argument, line) => ({ kind: 'expect', ...line, parts: visibleText(argument) }),
  'expect-regex': (argument, line) => ({ kind: 'expect-regex', ...line, pattern: patternOf(argument) }),
  'no-expect': (argument, line) => ({ kind: 'no-expect', ...line, parts: visibleText(argument) }),
  sleep: (argument, line) => ({
    kind: 'sleep',
    ...line,
    milliseconds: seconds(argument, limits.sleepSeconds),
  }),
  'set-read-timeout': (argument, line) => ({
    kind: 'set-read-timeout',
    ...line,
    milliseconds: seconds(argument, limits.timeoutSeconds),
  }),
  'set-connect-timeout': (argument, line) => ({
    kind: 'set-connect-timeout',
    ...line,
    milliseconds: seconds(argument, limits.timeoutSeconds),
  }),
  'set-new-line-mode': (argument, line) => ({
    kind: 'set-new-line-mode',
    ...line,
    mode: newLineMode(argument),
  }),
  'set-terminal': (argument, line) => ({
    kind: 'set-terminal',
    ...line,
    on: oneOf(argument, ['on', 'off']) === 'on',
  }),
  end: (argument, line) => ({ kind: 'end', ...line, status: exitStatus(argument) }),
}

const visibleText = ({ text, column }: Argument): Part[] => {
  if (text === '') throw new TemplateProblem(column, 'Expected the text to look for')
  const parts = parseText(text, column)
  for (const part of parts) {
    if (part.kind === 'tag' && isSecret(part.tag)) {
      throw new TemplateProblem(part.column, `${part.tag} is secret and must not be looked for in output`)
    }
  }
  return parts
}

const patternOf = ({ text, column }: Argument) => {
  if (text === '') throw new TemplateProblem(column, 'Expected a pattern')
  if (text.includes('[#')) {
    throw new TemplateProblem(
      column + text.indexOf('[#'),
      'A pattern takes no tags; use expect for literal text',
    )
  }
  try {
    return compilePattern(text)
  } catch (error) {
    if (error instanceof PatternError) throw new TemplateProblem(column + error.offset, error.message)
    throw error
  }
}

const seconds = ({ text, column }: Argument, most: number): number => {
  const value = /^\d+(\.\d{1,3})?$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value > 0 && value <= most) return Math.round(value * 1000)
  throw new TemplateProblem(column, `Expected a number of seconds, more than 0 and at most ${most}`)
}

const exitStatus = ({ text, column }: Argument): number => {
  if (text.trim() === '') return 0
  const value = /^\d{1,3}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value <= 255) return value
  throw new TemplateProblem(column, 'Expected an exit status from 0 to 255, or nothing for 0')
}

const newLineMode = (argument: Argument): NewLineMode => oneOf(argument, ['lf', 'cr', 'crlf'])

const oneOf = <T extends string>({ text, column }: Argument, choices: readonly T[]): T => {
  const choice = choices.find(name => name === text.trim())
  if (choice === undefined) throw new TemplateProblem(column, `Expected ${choices.join(' or ')}`)
  return choice
}
