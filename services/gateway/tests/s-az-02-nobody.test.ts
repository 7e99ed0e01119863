import { METHODS } from 'node:http'
import type { AddressInfo } from 'node:net'
import { figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routeRows } from '../src/http/routes.ts'
import { fakeUpstreams } from './fake-upstreams.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { type RawHttp, rawHttp } from './raw-http.ts'
import { sampleAnswers } from './sample-answers.ts'
import { someId } from './sample-bodies.ts'

/** All that anybody may do who has not signed in. INVARIANT: never more than six. */
const open: readonly (readonly [string, RegExp])[] = [
  ['signing in', /^POST \/v1\/login$/],
  ['the next step of it', /^POST \/v1\/login\/continue$/],
  ['whether it lives', /^GET \/livez$/],
  ['whether it is ready', /^GET \/readyz$/],
  ['the API’s description', /^GET \/v1\/openapi\.json$/],
  ['the page that shows it', /^(GET|HEAD) \/v1\/docs(\/|\/(json|yaml)|\/static\/[\w.-]*)?$/],
]

const documented = Object.values(routeRows).map(({ url }) =>
  url.replace(':id', someId).replace(':sequence', '12'),
)

const pathOf = (url: string): string => url.slice(url.indexOf(' ') + 1)

/** What other products left open, and what frameworks open by themselves. */
const others =
  `/ /v1 /v2/users /api /api/v1/users /v1/health /health /healthz /status /metrics /v1/metrics /debug/pprof/
  /debug/vars /actuator/env /server-status /graphql /v1/graphql /ws /v1/ws /socket.io/ /rpc /grpc
  /grpc.health.v1.Health/Check /grpc.reflection.v1.ServerReflection/ServerReflectionInfo
  /sallyport.vault.v1.SecretService/ReleaseSecret /sallyport.access_control.v1.AuthenticationService/Authenticate
  /v1/backup /v1/backups/latest /backup.zip /dump.sql /v1/export /v1/exports /v1/sessions/export
  /v1/sessions/${someId}/replay /v1/sessions/${someId}/recording /v1/sessions/${someId}/recording.mp4 /media/replay/x
  /recordings/${someId} /static/recordings/${someId} /v1/recordings /v1/secrets /v1/credentials/${someId}/secret
  /v1/credentials/${someId}/reveal/ /v1/admin /admin /console /login /logout /setup /v1/setup /install /v1/bootstrap
  /v1/tokens /v1/connection-tokens /.env /.git/config /.well-known/openid-configuration /.well-known/jwks.json
  /jwks /favicon.ico /robots.txt /index.html /package.json /openapi.json /swagger.json /swagger-ui /docs /documentation
  /documentation/json /v1/docs/../users /v1/docs/static/../../users /v1/docs/static/package.json /v1/docs/static/
  /v1/docs/static/logo.svg /v1/docs/static/index.html /v1/docs/ /v1/docs /v1/docs/json /v1/docs/yaml
  /v1/openapi.json /v1/openapi.yaml /livez /readyz /livez/ /readyz/x`.split(/\s+/)

const gateMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']
// A tunnel has no path, and Node hands it to nobody.
const methods = (isNightly ? METHODS : gateMethods).filter(method => method !== 'CONNECT')

describe('S-AZ-02: who has not signed in', () => {
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

  const send = (method: string, path: string, lines = ''): Promise<number> => {
    // The answer to HEAD tells of a body that does not come: its end is the connection's.
    const close = method === 'HEAD' ? 'Connection: close\r\n' : ''
    return http.statusOf(
      `${method} ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n${close}${lines}\r\n`,
    )
  }

  test('finds six doors open, and everything else asks who it is, or is not there', async () => {
    const paths = [...new Set([...documented.map(pathOf), ...others])]
    const doors = new Set<string>()
    let tried = 0
    for (const path of paths) {
      for (const method of methods) {
        const status = await send(method, path)
        tried += 1
        const what = `${method} ${path}`
        const door = open.find(([, url]) => url.test(what))
        if (door && status < 400) doors.add(door[0])
        // A bad request is one that nobody could make: a login without a body, a method that there is not.
        else expect([400, 401, 404], what).toContain(status)
      }
    }
    for (const url of documented.filter(one => !open.some(([, pattern]) => pattern.test(one)))) {
      expect(await send(...(url.split(' ') as [string, string])), url).toBe(401)
    }
    expect(open.length).toBeLessThanOrEqual(6)
    expect([...doors].toSorted()).toEqual(
      open
        .slice(2)
        .map(([name]) => name)
        .toSorted(),
    )
    // Nobody was asked anything in the name of nobody.
    expect(gateway.upstreams.calls).toEqual([])
    figure('S-AZ-02', `${tried} requests to ${paths.length} paths, ${open.length} doors open`)
  }, 300_000)

  test('and cannot change the protocol instead', async () => {
    const upgrades = [
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ]
    for (const lines of upgrades) {
      for (const url of documented.filter(one => one.startsWith('GET '))) {
        expect([0, 401, 404], url).toContain(await send('GET', pathOf(url), lines))
      }
    }
    expect(gateway.upstreams.calls).toEqual([])
  })
})
