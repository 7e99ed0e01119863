import fc from 'fast-check'
import type { JsonSchema } from './json-schema.ts'
import { someId } from './sample-bodies.ts'

/** Values that have broken parsers, databases, terminals and comparisons elsewhere. */
export const hostileTexts: readonly string[] = [
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e',
  '\u001b[2J',
  '\r\nSet-Cookie: a=b',
  '__proto__',
  'constructor',
  '${7*7}',
  '{{7*7}}',
  "' or '1'='1",
  "'; drop table users; --",
  '%00',
  '%2e%2e%2f',
  '../../etc/passwd',
  '$(id)',
  '`id`',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e309',
  '9'.repeat(40),
  'é'.repeat(3_000),
  '😀'.repeat(300),
  '2026-13-45T99:99:99Z',
  '[object Object]',
]

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(null, true, -1, 0, 1e308, -(2 ** 53), 2 ** 31, 0.1, '', [], {}, [[]], [null]),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Values that a schema of the OpenAPI document accepts, as far as the schema tells. */
export const valuesOf = (schema: JsonSchema): fc.Arbitrary<unknown> => {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map(valuesOf))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return objectsOf(schema)
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 })
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000 })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
    case undefined:
    default:
      return textsOf(schema)
  }
}

const objectsOf = ({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> =>
  fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, valuesOf(inner)])), {
    requiredKeys: [...required],
  })

const textsOf = ({ format, pattern, minLength = 0, maxLength = 100 }: JsonSchema): fc.Arbitrary<string> => {
  if (format === 'uuid') return fc.constantFrom(someId, '01900000-0000-7000-8000-0000000000ff')
  if (format === 'date-time') return fc.constantFrom('2026-11-21T10:00:00Z', '2099-01-01T00:00:00+02:00')
  if (pattern) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) })
}

/** The same value with one place in it made hostile: replaced, dropped, or added. */
export const withOneHostilePlace = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      value,
      fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }),
      hostileValue,
      fc.constantFrom(...changes),
    )
    .map(([whole, path, hostile, change]) => changed(whole, path, hostile, change))

const changes = ['replace', 'replace', 'drop', 'add'] as const

const changed = (
  value: unknown,
  [first = 0, ...rest]: readonly number[],
  hostile: unknown,
  change: (typeof changes)[number],
): unknown => {
  if (Array.isArray(value)) return value.map((item, at) => (at === first % value.length ? hostile : item))
  if (typeof value !== 'object' || value === null) return hostile
  const entries = Object.entries(value)
  const chosen = first % (entries.length || 1)
  if (rest.length > 0 && entries.length > 0) {
    return Object.fromEntries(
      entries.map(([name, inner], at) => [
        name,
        at === chosen ? changed(inner, rest, hostile, change) : inner,
      ]),
    )
  }
  if (change === 'drop') return Object.fromEntries(entries.filter((_entry, at) => at !== chosen))
  if (change === 'add') return { ...value, [String(hostile)]: hostile }
  return Object.fromEntries(entries.map(([name, inner], at) => [name, at === chosen ? hostile : inner]))
}
