import type { AddressInfo } from 'node:net'
import { AuthenticateRequest } from '@sallyport/contracts/access_control/v1/authentication'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeUpstreams, goodToken } from './fake-upstreams.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { type RawHttp, rawHttp } from './raw-http.ts'
import { sampleAnswers } from './sample-answers.ts'

const headers = [
  'X-Forwarded-For',
  'X-Forwarded',
  'Forwarded-For',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'X-Originating-IP',
  'X-Remote-Addr',
  'True-Client-IP',
  'CF-Connecting-IP',
  'Fastly-Client-IP',
  'X-Envoy-External-Address',
  'X-ProxyUser-Ip',
  'Via',
]

const values = [
  '203.0.113.9',
  '203.0.113.9, 198.51.100.7',
  '203.0.113.9:4711',
  '2001:db8::9',
  '[2001:db8::9]:4711',
  '::ffff:203.0.113.9',
  '127.0.0.2',
  '10.0.0.1',
  'unknown',
  '_hidden',
  '999.1.2.3',
  '',
  "'; drop table audit--",
]

const forwarded = [
  'for=203.0.113.9',
  'for="[2001:db8::9]:4711";by=10.0.0.1;proto=https',
  'for=unknown',
  'For=203.0.113.9;host=sallyport.example',
  'for=203.0.113.9, for=198.51.100.7',
]

const headerForms = [
  ...headers.flatMap(header => values.map(value => `${header}: ${value}\r\n`)),
  ...forwarded.map(value => `Forwarded: ${value}\r\n`),
  ...values.map(value => `x-forwarded-for: 192.0.2.1\r\nX-FORWARDED-FOR: ${value}\r\n`),
]

/** What a load balancer would write in front of the first request: version 1 as text, version 2 as bytes. */
const version2 = '\r\n\r\n\0\r\nQUIT\n'
const proxyForms = [
  'PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n',
  'PROXY TCP6 2001:db8::9 ::1 4711 443\r\n',
  'PROXY UNKNOWN\r\n',
  'PROXY UNKNOWN 203.0.113.9 127.0.0.1 4711 443\r\n',
  `${version2}\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\x12\x67\x01\xbb`,
  `${version2}\x20\x00\0\0`,
]

const get = (lines: string, before = ''): string =>
  `${before}GET /v1/me HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${goodToken}\r\n${lines}\r\n`

type Listening = TestGateway & { readonly http: RawHttp }

const listening = async (trustedProxies: readonly string[]): Promise<Listening> => {
  const gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers), config: { trustedProxies } })
  await gateway.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...gateway, http: rawHttp((gateway.app.server.address() as AddressInfo).port) }
}

/** The source address with which access-control was asked, which is the one in the trail. */
const toldBy = async ({ http, upstreams }: Listening, lines: string): Promise<string> => {
  expect(await http.statusOf(get(lines)), lines).toBe(200)
  const asked = upstreams.calls.splice(0).find(({ method }) => method.endsWith('/Authenticate'))
  return AuthenticateRequest.fromJSON(asked?.request).sourceAddress
}

describe('S-AZ-09: the source address is the connection’s', () => {
  let direct: Listening
  let behind: Listening
  beforeAll(async () => {
    direct = await listening([])
    behind = await listening(['127.0.0.1', '10.0.0.0/8'])
  })
  afterAll(async () => {
    for (const one of [direct, behind]) {
      one.http[Symbol.dispose]()
      await one[Symbol.asyncDispose]()
    }
  })

  test('whatever header says otherwise', async () => {
    for (const lines of headerForms) expect(await toldBy(direct, lines), lines).toBe('127.0.0.1')
  })

  test('and a line of the PROXY protocol is no request', async () => {
    for (const line of proxyForms) {
      expect([0, 400], JSON.stringify(line)).toContain(await direct.http.statusOf(get('', line)))
    }
    expect(direct.upstreams.calls).toEqual([])
    figure('S-AZ-09', `${headerForms.length + proxyForms.length} forms at the gateway, 0 believed`)
  })

  test.each([
    ['the client of the proxy', '203.0.113.9', '203.0.113.9'],
    [
      'the last that the proxy did not vouch for, whatever that one claims',
      '192.0.2.66, 203.0.113.9',
      '203.0.113.9',
    ],
    ['the same through several proxies', '192.0.2.66, 203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['IPv4 as such', '::ffff:203.0.113.9', '203.0.113.9'],
    ['the proxy, where the proxy tells no address', 'unknown', '127.0.0.1'],
    ['the proxy, where it tells a text', "203.0.113.9'--", '127.0.0.1'],
    ['the proxy, where it tells nothing', '', '127.0.0.1'],
  ])('behind a configured proxy it is %s', async (_what, told, expected) => {
    expect(await toldBy(behind, `X-Forwarded-For: ${told}\r\n`)).toBe(expected)
  })

  test('and a proxy is believed in X-Forwarded-For only', async () => {
    const rest = headerForms.filter(lines => !/x-forwarded-for:/i.test(lines))
    for (const lines of rest) expect(await toldBy(behind, lines), lines).toBe('127.0.0.1')
  })

  test('a neighbour of a configured proxy is not believed', async () => {
    const config = { trustedProxies: ['192.0.2.0/24'] }
    await using gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers), config })
    const authorization = `Bearer ${goodToken}`
    const ask = async (remoteAddress: string): Promise<string> => {
      const from = { authorization, 'x-forwarded-for': '203.0.113.9' }
      await gateway.app.inject({ url: '/v1/me', headers: from, remoteAddress })
      return AuthenticateRequest.fromJSON(gateway.upstreams.calls.splice(0)[0]?.request).sourceAddress
    }
    expect(await ask('192.0.2.1')).toBe('203.0.113.9')
    expect(await ask('192.0.3.1')).toBe('192.0.3.1')
  })
})
