import { sampleBodies, sampleQueries } from '../../services/gateway/tests/sample-bodies.ts'
import { type RouteName, routeRows } from '@sallyport/gateway/http/routes'
import type { RouteRow } from '@sallyport/gateway/http/route-row'

type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}
type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema }
export type OpenApi = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
type Operation = {
  readonly operationId: RouteName
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

/** A place in a request where an id goes. */
export type IdPlace = {
  readonly in: 'path' | 'query' | 'body'
  readonly name: string
  readonly isList: boolean
}

export type Route = {
  readonly name: RouteName
  readonly row: RouteRow
  readonly method: string
  readonly pattern: string
  readonly idPlaces: readonly IdPlace[]
}

/** Every route, with the places for ids that the OpenAPI document tells. */
export const routesOf = (document: OpenApi): readonly Route[] =>
  Object.entries(document.paths).flatMap(([pattern, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: operation.operationId,
      row: routeRows[operation.operationId],
      method: method.toUpperCase(),
      pattern: pattern.replace(/^\/v1/, ''),
      idPlaces: [...parameterPlaces(operation), ...bodyPlaces(operation)],
    })),
  )

const parameterPlaces = ({ parameters = [] }: Operation): IdPlace[] =>
  parameters
    .filter(({ schema }) => isId(schema))
    .map(({ name, in: where }) => ({ in: where === 'path' ? 'path' : 'query', name, isList: false }))

const bodyPlaces = ({ requestBody }: Operation): IdPlace[] =>
  Object.entries(requestBody?.content['application/json'].schema.properties ?? {}).flatMap(
    ([name, schema]): IdPlace[] => {
      if (isId(schema)) return [{ in: 'body', name, isList: false }]
      return schema.items && isId(schema.items) ? [{ in: 'body', name, isList: true }] : []
    },
  )

const isId = ({ format, anyOf = [] }: Schema): boolean => format === 'uuid' || anyOf.some(isId)

export type Call = {
  readonly method: string
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
}

/**
 * A well-formed call of a route.
 * @param idAt the id for each place
 */
export const callOf = (route: Route, idAt: (place: IdPlace) => string | undefined): Call => {
  const values = route.idPlaces.map(place => ({ place, id: idAt(place) }))
  const given = (where: IdPlace['in']) =>
    values.flatMap(({ place, id }) => (place.in === where && id !== undefined ? [{ ...place, id }] : []))
  const pattern = route.pattern.replace('{sequence}', '1')
  const path = given('path').reduce((text, { name, id }) => text.replace(`{${name}}`, id), pattern)
  const query = new URLSearchParams(sampleQueries[route.name] ?? '')
  for (const { name, id } of given('query')) query.set(name, id)
  const bodyIds = given('body').map(({ name, id, isList }) => [name, isList ? [id] : id])
  const sample = bodies[route.name]
  return {
    method: route.method,
    path: query.size > 0 ? `${path}?${query.toString()}` : path,
    ...(sample && { body: { ...withoutIds(sample), ...Object.fromEntries(bodyIds) } }),
  }
}

/** What a service looks into must be right in more than its form. */
const bodies: typeof sampleBodies = {
  ...sampleBodies,
  pinHostKeys: {
    port: 22,
    publicKeys: ['AAAAC3NzaC1lZDI1NTE5AAAAIGJlmXgXvGdp8FQuVQ4W0QHGxIUI4Mm0E1Kx5sU0B1xC'],
  },
}

/** The sample's ids are nobody's. */
const withoutIds = (sample: object): object =>
  Object.fromEntries(Object.entries(sample).filter(([name]) => !/Ids?$/.test(name)))
