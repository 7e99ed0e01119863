import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routeRows } from '../src/http/routes.ts'
import { type TestGateway, testGateway } from './gateway.ts'

type Operation = {
  operationId: string
  summary: string
  security: object[]
  responses: Record<string, { description: string; content?: Record<string, object> }>
}
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

let gateway: TestGateway
let document: Document
beforeAll(async () => {
  gateway = await testGateway()
  document = (await gateway.app.inject({ url: '/v1/openapi.json' })).json()
})
afterAll(() => gateway[Symbol.asyncDispose]())

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document))
  expect(errors).toBeUndefined()
  expect(valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

test('it has exactly the routes of the route table', () => {
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  expect(documented.toSorted()).toEqual(
    Object.values(routeRows)
      .map(({ url }) => url)
      .toSorted(),
  )
})

test('every operation documents its error replies as problem details', () => {
  for (const operation of Object.values(document.paths).flatMap(path => Object.values(path))) {
    const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
    const statuses = errors.map(([status]) => status)
    expect(statuses, operation.operationId).toEqual(
      expect.arrayContaining(['400', '401', '403', '404', '429', '500']),
    )
    for (const [, reply] of errors)
      expect(Object.keys(reply.content ?? {})).toEqual(['application/problem+json'])
    expect(operation.summary).not.toBe('')
  }
})

test('only signing in is for everybody', () => {
  const open = Object.values(document.paths)
    .flatMap(path => Object.values(path))
    .filter(({ security }) => security.length === 0)
  expect(open.map(({ operationId }) => operationId)).toEqual(['logIn', 'continueLogin'])
})

test('every reference leads somewhere, and every schema is used once', () => {
  const references = new Set(
    [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? ''),
  )
  expect([...references].toSorted((a, b) => a.localeCompare(b))).toEqual(
    Object.keys(document.components.schemas).toSorted((a, b) => a.localeCompare(b)),
  )
  expect(Object.keys(document.components.schemas).filter(name => name.endsWith('Input'))).toEqual([])
})

test('the page and the document are open, and bring along everything that they need', async () => {
  const page = await gateway.app.inject({ url: '/v1/docs/' })
  expect(page.statusCode).toBe(200)
  expect(page.body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  const policy = String(page.headers['content-security-policy'])
  expect(policy).toContain("default-src 'self'")
  expect(policy).not.toContain('http')
  for (const [, path = ''] of page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
    expect((await gateway.app.inject({ url: `/v1/docs/${path}` })).statusCode, path).toBe(200)
  }
})
