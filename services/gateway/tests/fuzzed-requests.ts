import fc from 'fast-check'
import { hostileText, valuesOf, withOneHostilePlace } from './fuzzed-values.ts'
import type { JsonSchema } from './json-schema.ts'
import { someId } from './sample-bodies.ts'

type Parameter = { readonly name: string; readonly in: string; readonly schema: JsonSchema }
type Operation = {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly content: { readonly 'application/json': { readonly schema: JsonSchema } }
  }
}
/** As much of the OpenAPI document as fuzzing needs. */
export type FuzzDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

/** One operation of the document, as fuzzing sees it. */
export type Target = {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query: readonly Parameter[]
  readonly body: JsonSchema | undefined
}

export type FuzzedRequest = {
  readonly target: Target
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: string | undefined
}

export const targetsOf = ({ paths }: FuzzDocument): readonly Target[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId, parameters = [], requestBody }]) => ({
      name: operationId,
      // The document has these methods only.
      method: method.toUpperCase() as Target['method'],
      path,
      query: parameters.filter(parameter => parameter.in === 'query'),
      body: requestBody?.content['application/json'].schema,
    })),
  )

/** Spellings of the content type; what is in the first list is JSON, the rest is not or is not said clearly. */
export const contentTypes = {
  good: [
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset=UTF-8',
  ],
  odd: [
    ' application/json',
    'application/json\t',
    'application/json\t; charset=utf-8',
    'application/json;',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'application/jsonx',
    'application/json+x',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    '',
  ],
} as const

const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare })

const contentType = mostly(fc.constantFrom(...contentTypes.good), fc.constantFrom(...contentTypes.odd))
const ifMatch = mostly(
  fc.constant('"1"'),
  fc.constantFrom('*', '"0"', 'W/"1"', '"1", "2"', '1', '"99999999999"'),
)
const idempotencyKey = fc.constantFrom('a-key', 'x'.repeat(129), '', 'a b', '\u00ff')

/** Requests to every operation: right ones, ones with one place wrong, and garbage. */
export const requestsTo = (
  targets: readonly Target[],
  ids: readonly string[] = [someId],
): fc.Arbitrary<FuzzedRequest> => fc.oneof(...targets.map(target => requestsOf(target, ids)))

const requestsOf = (target: Target, ids: readonly string[]): fc.Arbitrary<FuzzedRequest> =>
  fc
    .record({
      id: mostly(fc.constantFrom(...ids), hostileText),
      query: queryOf(target),
      payload: payloadOf(target),
      contentType,
      ifMatch,
      idempotencyKey: fc.option(idempotencyKey, { freq: 10, nil: undefined }),
    })
    .map(({ id, query, payload, ...headers }) => ({
      target,
      url: `${filled(target.path, id)}${query}`,
      headers: {
        'if-match': headers.ifMatch,
        ...(payload !== undefined && { 'content-type': headers.contentType }),
        ...(headers.idempotencyKey !== undefined && { 'idempotency-key': headers.idempotencyKey }),
      },
      payload,
    }))

const filled = (path: string, id: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_all, name) =>
    name === 'sequence' ? '1' : encodeURIComponent(id.toWellFormed()),
  )

const queryOf = ({ query }: Target): fc.Arbitrary<string> => {
  const parameters = Object.fromEntries(
    query.map(({ name, schema }) => [name, mostly(valuesOf(schema).map(String), hostileText)]),
  )
  const proper = fc
    .record(parameters, { requiredKeys: [] })
    .map(values =>
      new URLSearchParams(
        Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
      ).toString(),
    )
  const odd = fc.constantFrom(
    '%zz',
    '__proto__=1',
    'a[b]=1',
    'limit=1&limit=2',
    'limit[]=1',
    '&&==',
    '%00=%00',
    'x=1',
  )
  return mostly(proper, odd).map(text => (text === '' ? '' : `?${text}`))
}

const payloadOf = ({ body }: Target): fc.Arbitrary<string | undefined> => {
  if (!body) return mostly(fc.constant(undefined), fc.constantFrom('{}', '{"a":1}', 'null', '['))
  const right = valuesOf(body)
  const garbage = fc.oneof(fc.constantFrom('', '{', '[]', 'null', '1', '"x"', '\ufeff{}'), fc.string())
  return fc.oneof(
    { weight: 4, arbitrary: right.map(value => JSON.stringify(value)) },
    { weight: 5, arbitrary: withOneHostilePlace(right).map(value => JSON.stringify(value)) },
    { weight: 1, arbitrary: garbage },
  )
}
