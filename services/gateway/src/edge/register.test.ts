import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { refuseRoutesWithoutRow } from './register.ts'

const appWith = (url: string): (() => unknown) => {
  const app = fastify()
  refuseRoutesWithoutRow(app)
  return () => app.get(url, async () => '')
}

test('a route without a row cannot be registered', () => {
  for (const url of ['/v1/debug', '/metrics', '/', '/v1/docsx', '/v1/openapi.json.bak', '/livez/x']) {
    expect(appWith(url), url).toThrow('has no row')
  }
})

test('the few public ones can', () => {
  for (const url of ['/livez', '/readyz', '/v1/openapi.json', '/v1/docs', '/v1/docs/static/x.css']) {
    expect(appWith(url), url).not.toThrow()
  }
})
