import type { Command, Parsed, Part, Problem } from './ast.ts'
import { parseCommand } from './command.ts'
import { limits } from './limits.ts'
import { TemplateProblem } from './problem.ts'
import { isSecret, type Tag } from './tags.ts'

/**
 * Reads a template of the SSH executor: one command a line, `#` begins a comment line.
 * Either a template in which every line was understood, or every problem with its place.
 */
export const parseTemplate = (source: string): Parsed => {
  const tooBig = oversize(source)
  if (tooBig !== undefined) return { ok: false, problems: [tooBig] }
  const commands: Command[] = []
  const problems: Problem[] = []
  for (const [index, text] of source.split(/\r?\n/).entries()) {
    const read = readLine(text, index + 1)
    if (read === undefined) continue
    if ('message' in read) problems.push(read)
    else commands.push(read)
  }
  problems.push(...orderProblems(commands))
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, template: { commands, tags: tagsOf(commands), warnings: warningsFor(commands) } }
}

const oversize = (source: string): Problem | undefined => {
  const at = (line: number, message: string): Problem => ({ line, column: 1, message })
  if (new TextEncoder().encode(source).length > limits.sourceBytes) {
    return at(1, `A template has at most ${limits.sourceBytes} bytes`)
  }
  const lines = source.split('\n')
  const long = lines.findIndex(line => line.length > limits.lineCharacters)
  if (long >= 0) return at(long + 1, `A line has at most ${limits.lineCharacters} characters`)
  const counted = lines.filter(line => !blank(line)).length
  return counted > limits.commands ? at(1, `A template has at most ${limits.commands} commands`) : undefined
}

const blank = (line: string) => /^\s*(#.*)?$/s.test(line)

const readLine = (text: string, line: number): Command | Problem | undefined => {
  if (blank(text)) return undefined
  try {
    const control = controlCharacter.exec(text)
    if (control !== null)
      throw new TemplateProblem(control.index + 1, 'A control character cannot be part of a template')
    return parseCommand(text, line)
  } catch (error) {
    if (error instanceof TemplateProblem) return error.at(line)
    throw error
  }
}

// oxlint-disable-next-line no-control-regex -- finding them is the point
const controlCharacter = /[\u0000-\u0008\u000a-\u001f\u007f]/

const needOpenCommand = new Set<Command['kind']>(['write', 'expect', 'expect-regex', 'no-expect', 'end'])

const orderProblems = (commands: readonly Command[]): Problem[] => {
  const problems: Problem[] = []
  let open = false
  for (const { kind, line } of commands) {
    if (needOpenCommand.has(kind) && !open) {
      problems.push({ line, column: 1, message: `"${kind}" needs an "exec" before it that has not ended` })
    }
    if (kind === 'exec') open = true
    if (kind === 'end') open = false
  }
  if (!commands.some(({ kind }) => kind === 'exec')) {
    problems.push({ line: 1, column: 1, message: 'A template needs at least one "exec"' })
  }
  return problems
}

const partsOf = (command: Command): readonly Part[] => ('parts' in command ? command.parts : [])

const tagsOf = (commands: readonly Command[]): ReadonlySet<Tag> =>
  new Set(commands.flatMap(partsOf).flatMap(part => (part.kind === 'tag' ? [part.tag] : [])))

const warningsFor = (commands: readonly Command[]): string[] =>
  commands.flatMap(command =>
    command.kind === 'exec' && command.parts.some(part => part.kind === 'tag' && isSecret(part.tag))
      ? [
          `Line ${command.line}: a secret in "exec" is visible in the target's process list; "write" it instead`,
        ]
      : [],
  )
