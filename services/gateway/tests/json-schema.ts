/** As much of JSON Schema 2020-12 as the OpenAPI document uses. */
export type JsonSchema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

type Named = Readonly<Record<string, JsonSchema>>

/** Where a value is not as its schema says, as paths with what is wrong. */
export const misfitsOf = (value: unknown, schema: JsonSchema, named: Named, at = '$'): string[] => {
  if (schema.$ref) return misfitsOf(value, named[schema.$ref.split('/').at(-1) ?? ''] ?? {}, named, at)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) {
    const found = choices.map(choice => misfitsOf(value, choice, named, at))
    return found.some(misfits => misfits.length === 0) ? [] : found.flat()
  }
  if ('const' in schema && value !== schema.const) return [`${at} is not ${String(schema.const)}`]
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is none of ${schema.enum.join(', ')}`]
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type
  if (types && !types.some(type => isOfType(value, type))) return [`${at} is no ${types.join(' or ')}`]
  const size = sizeMisfit(value, schema)
  if (size) return [`${at} ${size}`]
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => misfitsOf(item, schema.items ?? {}, named, `${at}[${index}]`))
  }
  return isObject(value) ? objectMisfits(value, schema, named, at) : []
}

const sizeMisfit = (value: unknown, schema: JsonSchema): string | undefined => {
  const { minLength = 0, maxLength = Infinity, minItems = 0, maxItems = Infinity } = schema
  const { minimum = -Infinity, maximum = Infinity, pattern } = schema
  if (typeof value === 'string') {
    const characters = Array.from(value).length
    if (characters < minLength || characters > maxLength) return 'has not the length'
    if (pattern !== undefined && !new RegExp(pattern, 'iu').test(value)) return 'does not match'
  }
  if (typeof value === 'number' && !(value >= minimum && value <= maximum)) return 'is out of bounds'
  if (Array.isArray(value) && (value.length < minItems || value.length > maxItems)) return 'has not the size'
  return undefined
}

const objectMisfits = (
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: JsonSchema,
  named: Named,
  at: string,
): string[] => {
  const missing = required.filter(name => !Object.hasOwn(value, name)).map(name => `${at}.${name} is missing`)
  const inner = Object.entries(value).flatMap(([name, item]) => {
    const schema = properties[name] ?? additionalProperties
    if (schema === false || schema === undefined) return [`${at}.${name} is not documented`]
    return schema === true ? [] : misfitsOf(item, schema, named, `${at}.${name}`)
  })
  return [...missing, ...inner]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isOfType = (value: unknown, type: string): boolean => {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'object') return isObject(value) && !Array.isArray(value)
  return typeof value === type
}
