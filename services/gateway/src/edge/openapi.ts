import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

/** Where the documentation is. Anybody may read it: it tells nothing of any installation. */
export const documentPath = '/v1/openapi.json'
export const pagePath = '/v1/docs'

/** Must be registered before the routes that it documents. */
export const registerOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sallyport',
        version,
        description: 'Privileged access management: request, approve, connect, watch, prove.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes },
    },
    transform: jsonSchemaTransform,
    transformObject: input => withoutUnused(Object(jsonSchemaTransformObject(input))),
  })
  await app.register(swaggerUi, {
    routePrefix: pagePath,
    staticCSP: pagePolicy,
    uiConfig: { deepLinking: true },
  })
  app.get(documentPath, { schema: { hide: true } }, async (_request, reply) => reply.send(app.swagger()))
}

const securitySchemes = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-sallyport',
    description: 'The session cookie that signing in sets. Unsafe methods need an Origin of this site.',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'A login session token or an API token.' },
} as const

/** The page works with what it brings along, and talks to nobody else. */
const pagePolicy = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'frame-ancestors': ["'none'"],
}

/**
 * Each named schema is generated in two forms, one for input and one for output. Keeps those that something refers
 * to; a schema that only an unused one refers to goes with it.
 */
const withoutUnused = <D extends { components?: { schemas?: Record<string, unknown> } }>(document: D): D => {
  const schemas = document.components?.schemas ?? {}
  const used = Object.entries(schemas).filter(([name]) =>
    refersTo(name, { ...document, components: without(schemas, name) }),
  )
  if (used.length === Object.keys(schemas).length) return document
  return withoutUnused({
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(used) },
  })
}

const without = (schemas: Record<string, unknown>, name: string): unknown[] =>
  Object.entries(schemas).flatMap(([other, schema]) => (other === name ? [] : [schema]))

const refersTo = (name: string, part: unknown): boolean =>
  JSON.stringify(part).includes(`"#/components/schemas/${name}"`)
