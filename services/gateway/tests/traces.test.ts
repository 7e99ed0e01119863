import { createLogger } from '@sallyport/telemetry/logger'
import { openTraced } from '@sallyport/testing/traced'
import { describe, expect, it } from 'vitest'
import { bearer, json, testGateway } from './gateway.ts'

const device = '/v1/devices/01900000-0000-7000-8000-00000000000d'

describe('The gateway’s traces', () => {
  it('begin with each request, by its route’s pattern and status', async () => {
    await using traced = await openTraced('gateway')
    await using gateway = await testGateway({ tracing: traced.tracing })
    const theirs = 'c'.repeat(32)
    await gateway.app.inject({
      url: device,
      headers: { ...bearer, traceparent: `00-${theirs}-${'d'.repeat(16)}-00` },
    })
    await gateway.app.inject({ url: '/v1/me/ssh-keys', headers: { traceparent: 'nonsense' } })
    const [one, other] = await traced.spans(2)
    expect(one).toMatchObject({
      name: 'GET /v1/devices/:id',
      parentSpanId: undefined,
      linkedTraceIds: [theirs],
      attributes: { 'http.route': '/v1/devices/:id', 'http.response.status_code': 404 },
    })
    expect(one?.traceId).not.toBe(theirs)
    expect(other).toMatchObject({
      linkedTraceIds: [],
      attributes: { 'error.type': 'unauthenticated', 'http.response.status_code': 401 },
      isError: false,
    })
  })

  it('are in the log, before and after the body was read', async () => {
    await using traced = await openTraced('gateway')
    const lines: Record<string, unknown>[] = []
    const log = createLogger('gateway', 'info', { write: line => lines.push(JSON.parse(line)) })
    await using gateway = await testGateway({ tracing: traced.tracing, log })
    await gateway.app.inject({
      method: 'POST',
      url: '/v1/devices',
      headers: { ...bearer, ...json },
      body: '{}',
    })
    const [span] = await traced.spans(1)
    const answered = lines.find(({ msg }) => msg === 'answered')
    expect(answered).toMatchObject({
      trace_id: span?.traceId,
      span_id: span?.spanId,
      requestId: expect.any(String),
    })
  })

  it('hold nothing that a client sends', async () => {
    await using traced = await openTraced('gateway')
    await using gateway = await testGateway({ tracing: traced.tracing })
    const secret = 'planted-4711'
    const headers = {
      authorization: `Bearer ${secret}`,
      cookie: secret,
      'x-request-id': secret,
      traceparent: secret,
    }
    for (const url of [`/v1/${secret}`, `/v1/devices/${secret}`, `/v1/devices?name=${secret}`])
      await gateway.app.inject({ url, headers })
    const body = JSON.stringify({ name: secret, password: secret })
    await gateway.app.inject({ method: 'POST', url: '/v1/devices', headers: { ...bearer, ...json }, body })
    expect(await traced.spans(4)).toHaveLength(4)
    expect(traced.received()).not.toContain(secret)
  })
})
