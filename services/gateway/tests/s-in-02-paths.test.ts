import type { AddressInfo } from 'node:net'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routeRows } from '../src/http/routes.ts'
import { fakeUpstreams } from './fake-upstreams.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { type RawHttp, rawHttp } from './raw-http.ts'
import { sampleAnswers } from './sample-answers.ts'
import { someId } from './sample-bodies.ts'

const guarded = Object.values(routeRows)
  .filter(({ needs }) => needs !== 'nothing')
  .map(({ url }) => {
    const [method = '', path = ''] = url.split(' ')
    return { url, method, path: path.replace(':id', someId).replace(':sequence', '12') }
  })

type Respelling = (path: string, seed: number) => string

const replaceOne = (path: string, seed: number, character: RegExp, by: (found: string) => string): string => {
  const places = [...path.matchAll(character)].map(({ index }) => index)
  const at = places[seed % (places.length || 1)]
  return at === undefined ? path : path.slice(0, at) + by(path.charAt(at)) + path.slice(at + 1)
}
const slash =
  (by: string): Respelling =>
  (path, seed) =>
    replaceOne(path, seed, /\//g, () => by)
const letter =
  (by: (found: string) => string): Respelling =>
  (path, seed) =>
    replaceOne(path, seed, /[a-z]/g, by)
const end =
  (text: string): Respelling =>
  path =>
    path + text
const start =
  (text: string): Respelling =>
  path =>
    text + path

const hexOf = (found: string): string => found.charCodeAt(0).toString(16)

const respellings: readonly Respelling[] = [
  ...['//', '///', '/./', '/../', '/x/../', '/%2e/', '/%2e%2e/', '/x/%2e%2e/', '/.%2e/'].map(slash),
  ...[
    '%2f',
    '%2F',
    '%5c',
    '\\',
    '%252f',
    '%c0%af',
    '%e0%80%af',
    '/;/',
    ';/',
    '/..;/',
    '/%00/',
    '/\0/',
    '/%09/',
  ].map(slash),
  ...[
    '/',
    '//',
    '/.',
    '/..',
    '/%2e',
    ';',
    ';x=1',
    '%00',
    '\0',
    '%20',
    '%09',
    '%0a',
    '%0d%0a',
    '#',
    '?',
    '%3f',
  ].map(end),
  ...[
    '.json',
    '~',
    '*',
    '%',
    '%z',
    '%f',
    '\u00e9',
    '%c0%ae',
    '/'.repeat(300),
    'x'.repeat(300),
    '?'.repeat(50),
  ].map(end),
  end('a'.repeat(20_000)),
  ...['/', '/.', '/x/..', '/livez/..', '/v1/docs/..', '/v1/docs/static/../..', '/v1/openapi.json/..'].map(
    start,
  ),
  ...[
    'http://gateway',
    'http://gateway//',
    '//gateway',
    'HTTP://gateway:1',
    '/livez;',
    '/livez%00',
    '*',
    '.',
  ].map(start),
  letter(found => found.toUpperCase()),
  letter(found => `%${hexOf(found)}`),
  letter(found => `%${hexOf(found).toUpperCase()}`),
  letter(found => `%25${hexOf(found)}`),
  letter(found => `%u00${hexOf(found)}`),
  letter(found => String.fromCharCode(found.charCodeAt(0) + 128)),
]

const spelt = fc.array(fc.record({ how: fc.constantFrom(...respellings), seed: fc.nat(99) }), {
  minLength: 1,
  maxLength: 3,
})

describe('S-IN-02: another spelling of a path leads past no guard', () => {
  let gateway: TestGateway
  let http: RawHttp
  beforeAll(async () => {
    gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
    await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = gateway.app.server.address() as AddressInfo
    http = rawHttp(port)
  })
  afterAll(async () => {
    http[Symbol.dispose]()
    await gateway[Symbol.asyncDispose]()
  })

  const send = (method: string, path: string): Promise<number> =>
    http.statusOf(`${method} ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n`)

  test('every guarded route asks who it is when it is spelt as documented', async () => {
    for (const { method, path, url } of guarded) expect(await send(method, path), url).toBe(401)
  })

  test('and spelt otherwise it asks too, or is not there', async () => {
    const each = counted(5_000, 25)
    for (const { method, path, url } of guarded) {
      await fc.assert(
        fc.asyncProperty(spelt, async steps => {
          const other = steps.reduce((text, { how, seed }) => how(text, seed), path)
          expect([400, 401, 404, 414, 431], `${url} as ${JSON.stringify(other)}`).toContain(
            await send(method, other),
          )
        }),
        { numRuns: each },
      )
    }
    expect(gateway.upstreams.calls).toEqual([])
    figure('S-IN-02', `${each} spellings of each of ${guarded.length} guarded routes, 0 passed`)
  }, 1_200_000)

  test('no header names another path or method', async () => {
    const headers = [
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Forwarded-Prefix',
      'X-HTTP-Method-Override',
      'X-Forwarded-Host',
    ]
    for (const header of headers) {
      for (const value of ['/v1/me', '/livez', 'GET', 'DELETE']) {
        const lines = `${header}: ${value}\r\nContent-Length: 0\r\n`
        expect(await http.statusOf(`GET /livez HTTP/1.1\r\nHost: g\r\n${lines}\r\n`), header).toBe(200)
        expect(await http.statusOf(`GET /v1/me HTTP/1.1\r\nHost: g\r\n${lines}\r\n`), header).toBe(401)
      }
    }
  })
})
