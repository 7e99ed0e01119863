import { request } from 'node:https'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { beforeAll, expect, test } from 'vitest'
import { type GatewayConfig, gatewayDefaults } from '../src/config.ts'
import { startGateway } from '../src/service.ts'

let config: GatewayConfig
beforeAll(async () => {
  const authority = await createServiceAuthority()
  // A port that nobody listens on: services that are not up yet.
  const away = '127.0.0.1:1'
  config = {
    ...gatewayDefaults,
    host: '127.0.0.1',
    port: 0,
    origins: ['https://sallyport.example'],
    services: {
      addresses: { 'access-control': away, vault: away, execution: away, 'session-proxy': away, audit: away },
      tls: await authority.issue('gateway'),
    },
    upstreamDeadlineMs: 500,
    logLevel: 'silent',
  }
})

test('it starts before the services behind it, and says so', async () => {
  await using gateway = await startGateway(config)
  expect(gateway.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect((await fetch(`${gateway.address}/livez`)).status).toBe(200)
  const unready = await fetch(`${gateway.address}/readyz`)
  expect(unready.status).toBe(503)
  expect(await unready.json()).toEqual({
    status: 'unavailable',
    missing: Object.keys(config.services.addresses),
  })
  const headers = { authorization: `Bearer ${'x'.repeat(40)}` }
  const reply = await fetch(`${gateway.address}/v1/me`, { headers })
  expect(reply.status).toBe(503)
  expect(await reply.json()).toMatchObject({ reason: 'service.unavailable' })
})

test('it speaks TLS when it has a certificate', async () => {
  const { certificate, privateKey, authority: ca } = config.services.tls
  await using gateway = await startGateway({ ...config, tls: { certificate, privateKey } })
  expect(gateway.address).toMatch(/^https:/)
  const status = await new Promise(resolve => {
    const options = { ca, checkServerIdentity: () => undefined }
    request(`${gateway.address}/livez`, options, reply => resolve(reply.resume().statusCode)).end()
  })
  expect(status).toBe(200)
})

test('when it has stopped, nothing listens any more', async () => {
  const gateway = await startGateway(config)
  await gateway[Symbol.asyncDispose]()
  await expect(fetch(`${gateway.address}/livez`)).rejects.toThrow('fetch failed')
})

test('a port that is taken is an error at start', async () => {
  await using first = await startGateway(config)
  const port = Number(new URL(first.address).port)
  await expect(startGateway({ ...config, port })).rejects.toThrow('EADDRINUSE')
})
