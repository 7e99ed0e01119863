import { describe, expect, it } from 'vitest'
import { metricCatalogue } from './metric-catalogue.ts'
import { openMeter } from './metrics.ts'

const rpc = (outcome: string) => ({ method: 'SecretService/ReleaseSecret', outcome })

describe('a meter', () => {
  it('counts by labels, and tells in Prometheus’ format', async () => {
    using meter = openMeter(() => {})
    meter.count('sallyport_rpc_requests_total', rpc('ok'))
    meter.count('sallyport_rpc_requests_total', rpc('ok'))
    meter.count('sallyport_rpc_requests_total', rpc('not_found'))
    const lines = (await meter.text()).split('\n')
    expect(lines).toContain('# TYPE sallyport_rpc_requests_total counter')
    expect(lines).toContain(
      'sallyport_rpc_requests_total{method="SecretService/ReleaseSecret",outcome="ok"} 2',
    )
    expect(lines).toContain(
      'sallyport_rpc_requests_total{method="SecretService/ReleaseSecret",outcome="not_found"} 1',
    )
  })

  it('sorts times into buckets', async () => {
    using meter = openMeter(() => {})
    for (const seconds of [0.001, 0.2, 30])
      meter.time('sallyport_http_request_seconds', seconds, { route: 'GET /v1/me' })
    const text = await meter.text()
    expect(text).toContain('sallyport_http_request_seconds_bucket{route="GET /v1/me",le="0.25"} 2')
    expect(text).toContain('sallyport_http_request_seconds_bucket{route="GET /v1/me",le="+Inf"} 3')
    expect(text).toContain('sallyport_http_request_seconds_count{route="GET /v1/me"} 3')
  })

  it('asks gauges when it is read, and leaves out what cannot be told', async () => {
    const failures: unknown[] = []
    using meter = openMeter(failure => failures.push(failure))
    let waiting = 7
    meter.gauge('sallyport_outbox_events', async () => waiting)
    meter.gauge('sallyport_operations', () => [{ value: 2, labels: { state: 'running' } }])
    meter.gauge('sallyport_dead_letters', async () => {
      throw new Error('connect ECONNREFUSED')
    })
    expect(await meter.text()).toMatch(/^sallyport_outbox_events 7$/m)
    waiting = 0
    const text = await meter.text()
    expect(text).toMatch(/^sallyport_outbox_events 0$/m)
    expect(text).toMatch(/^sallyport_operations\{state="running"\} 2$/m)
    expect(text).not.toMatch(/^sallyport_dead_letters/m)
    expect(failures).toHaveLength(2)
  })

  it('tells of its process', async () => {
    using meter = openMeter(() => {})
    const text = await meter.text()
    expect(Number(/^sallyport_process_memory_bytes (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(1e6)
    expect(Number(/^sallyport_process_cpu_seconds_total (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(0)
    expect(text).toMatch(/^sallyport_event_loop_delay_seconds \S+$/m)
  })

  it('keeps a label in its place, whatever it holds', async () => {
    using meter = openMeter(() => {})
    meter.count('sallyport_http_requests_total', { route: 'GET /"} 1\nother 2 \\', status: '200' })
    const lines = (await meter.text()).split('\n')
    expect(lines.filter(line => line.startsWith('other'))).toEqual([])
    expect(lines).toContain(
      String.raw`sallyport_http_requests_total{route="GET /\"} 1\nother 2 \\",status="200"} 1`,
    )
  })
})

describe('the catalogue', () => {
  it('names metrics as Prometheus wants them', () => {
    for (const [name, { kind }] of Object.entries(metricCatalogue)) {
      expect(name).toMatch(/^sallyport_[a-z]+(_[a-z]+)*$/)
      expect(name.endsWith('_total')).toBe(kind === 'counter')
    }
  })
})
