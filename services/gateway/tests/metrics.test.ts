import { describe, expect, it } from 'vitest'
import { goodToken } from './fake-upstreams.ts'
import { testGateway } from './gateway.ts'

describe('The gateway’s metrics', () => {
  it('count answers by route and status', async () => {
    await using gateway = await testGateway()
    const headers = { authorization: `Bearer ${goodToken}` }
    await gateway.app.inject({ url: '/v1/me/ssh-keys' })
    await gateway.app.inject({ url: '/v1/devices/01900000-0000-7000-8000-00000000000d', headers })
    const text = await gateway.metrics()
    expect(text).toContain('sallyport_http_requests_total{route="GET /v1/me/ssh-keys",status="401"} 1')
    expect(text).toMatch(/^sallyport_http_requests_total\{route="GET \/v1\/devices\/:id",status="\d+"\} 1$/m)
    expect(text).toContain('sallyport_http_request_seconds_count{route="GET /v1/me/ssh-keys"} 1')
  })

  it('hold nothing that a client sends', async () => {
    await using gateway = await testGateway()
    const secret = 'planted-4711'
    for (const url of [`/v1/${secret}`, `/v1/devices/${secret}`, `/v1/devices?name=${secret}`])
      await gateway.app.inject({ url, headers: { authorization: `Bearer ${secret}`, cookie: secret } })
    const text = await gateway.metrics()
    expect(text).toContain('route="none",status="404"')
    expect(text).not.toContain(secret)
  })
})
