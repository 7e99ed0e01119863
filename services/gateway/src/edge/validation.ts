import { SallyportError } from '@sallyport/errors/error'
import type { z } from 'zod'

/** A request's parts as they came. A request without a body has `undefined` there. */
export type RawInput = { readonly params: unknown; readonly query: unknown; readonly body: unknown }

export type FieldProblem = {
  /** `body`, `query` or `header`, then the path to the field. */
  readonly field: string
  readonly message: string
}

/** Problems with what the client sent, for `request.invalid`. They never quote a value: it may be a secret. */
export class InputProblems extends Error {
  override readonly name = 'InputProblems'
  readonly fields: readonly FieldProblem[]

  constructor(fields: readonly FieldProblem[]) {
    super('input refused')
    this.fields = fields
  }
}

export const invalidFields = (...fields: FieldProblem[]): SallyportError =>
  new SallyportError('request.invalid', undefined, { cause: new InputProblems(fields) })

const reportedProblems = 20

/** An id that is no id at all names nothing, just as one that nobody has. */
export const invalidInput = ({ issues }: z.ZodError): SallyportError =>
  issues.some(({ path }) => path[0] === 'params')
    ? new SallyportError('object.not_found')
    : invalidFields(...issues.slice(0, reportedProblems).map(problemOf))

/** Refuses a query or a body on a route that declares none. */
export const noUnexpectedInput = (declared: object, { query, body }: RawInput): void => {
  if (!('query' in declared) && Object.keys(Object(query)).length > 0) {
    throw invalidFields({ field: 'query', message: 'takes no parameters' })
  }
  if (!('body' in declared) && body !== undefined) {
    throw invalidFields({ field: 'body', message: 'takes no body' })
  }
}

const problemOf = (issue: z.core.$ZodIssue): FieldProblem => ({
  field: issue.path.map(part => (isPlain(String(part)) ? String(part) : '?')).join('.'),
  message: messageOf(issue),
})

/** Names that the client made up are only repeated if they look like names. */
const isPlain = (text: string): boolean => /^[A-Za-z][A-Za-z0-9]{0,31}$|^\d{1,6}$/.test(text)

/** A secret in the place of a name is not repeated: a word has no digits, and ends. */
const isWord = (text: string): boolean => /^[a-z][A-Za-z]{0,22}$/.test(text)

const messageOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'is required' : `must be ${article(issue.expected)}`
  }
  if (issue.code === 'unrecognized_keys') {
    return `has an unknown field${issue.keys.every(isWord) ? `: ${issue.keys.slice(0, 5).join(', ')}` : ''}`
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_small') return `is below its minimum of ${issue.minimum}${unitOf(issue.origin)}`
  if (issue.code === 'too_big') return `is over its maximum of ${issue.maximum}${unitOf(issue.origin)}`
  return issue.code === 'custom' ? issue.message : 'is not well formed'
}

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' ? ' items' : ''

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)
