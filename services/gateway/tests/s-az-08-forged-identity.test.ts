import type { AddressInfo } from 'node:net'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeUpstreams, fakeUpstreams, goodToken } from './fake-upstreams.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { type RawHttp, rawHttp } from './raw-http.ts'
import { sampleAnswers } from './sample-answers.ts'

/** Headers in which other systems pass on who is calling. */
const identityHeaders = [
  'X-User',
  'X-User-Id',
  'X-Tenant',
  'X-Tenant-Id',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Client-Cert',
  'X-Remote-User',
  'Remote-User',
  'X-SSL-Client-S-DN',
  'X-Auth-Request-User',
  'X-Permissions',
  'X-Roles',
  'Sallyport-Caller',
  'Sallyport-Request-Id',
  'Grpc-Metadata-Sallyport-Caller',
]

const values = ['root', 'e30.e30.e30', '00000000-0000-0000-0000-000000000000', 'administrator']

/** Hop-by-hop tricks: a proxy that obeys them drops what it has added itself. */
const connections = ['', 'Connection: ', 'Connection: close, ', 'Connection: keep-alive, Authorization, ']

describe('S-AZ-08: identity comes from nothing but the token', () => {
  let upstreams: FakeUpstreams
  let gateway: TestGateway
  let http: RawHttp
  beforeAll(async () => {
    upstreams = fakeUpstreams(sampleAnswers)
    gateway = await testGateway({ upstreams })
    await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = gateway.app.server.address() as AddressInfo
    http = rawHttp(port)
  })
  afterAll(async () => {
    http[Symbol.dispose]()
    await gateway[Symbol.asyncDispose]()
  })

  const forgeries = identityHeaders.flatMap(header =>
    values.flatMap(value =>
      connections.map(connection => {
        const hop = connection && `${connection}${header}\r\n`
        return `${header}: ${value}\r\n${header.toLowerCase()}: ${value}\r\n${hop}`
      }),
    ),
  )
  const get = (lines: string): Promise<number> =>
    http.statusOf(`GET /v1/me HTTP/1.1\r\nHost: gateway\r\n${lines}\r\n`)

  test('and no header makes somebody of nobody', async () => {
    for (const lines of forgeries) expect(await get(lines), lines).toBe(401)
    expect(upstreams.calls).toEqual([])
  })

  test('nor somebody else of somebody', async () => {
    await get(`Authorization: Bearer ${goodToken}\r\n`)
    const [honest] = upstreams.calls.splice(0).map(({ request, options }) => ({ request, options }))
    for (const lines of forgeries) {
      expect(await get(`Authorization: Bearer ${goodToken}\r\n${lines}`), lines).toBe(200)
      const [asked, call] = upstreams.calls.splice(0)
      expect(asked?.request, lines).toEqual(honest?.request)
      expect(call?.options.callerToken, lines).toBe('caller token for access-control')
    }
    figure('S-AZ-08', `${2 * forgeries.length} requests with forged identity headers, 0 believed`)
  })
})
