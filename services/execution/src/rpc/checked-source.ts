import { SallyportError } from '@sallyport/errors/error'
import { parseTemplate } from '../domain/template/parse.ts'

/** A source that parses. Throws `template.invalid` that tells each problem with its line and column. */
export const checkedSource = (source: string): string => {
  const parsed = parseTemplate(source)
  if (parsed.ok) return source
  const problems = parsed.problems.slice(0, 20)
  const text = problems
    .map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`)
    .join('\n')
  throw new SallyportError('template.invalid', text, { metadata: { problems: JSON.stringify(problems) } })
}
