import { ConfigError, type Environment, readConfig } from '@sallyport/config/reader'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTracing, type TracingConfig } from './tracing-config.ts'

const read = (environment: Environment): TracingConfig | undefined =>
  readConfig(environment, reader => ({ tracing: readTracing(reader) })).tracing

describe('The configuration of traces', () => {
  it('is off unless a collector is named, and keeps a tenth then', () => {
    expect(read({})).toBeUndefined()
    const endpoint = 'http://127.0.0.1:4318'
    expect(read({ SALLYPORT_OTLP_ENDPOINT: endpoint })).toEqual({ endpoint, ratio: 0.1 })
    expect(read({ SALLYPORT_OTLP_ENDPOINT: endpoint, SALLYPORT_TRACE_RATIO: '0.05' })?.ratio).toBe(0.05)
  })

  it.each([
    'collector:4318',
    'ftp://collector',
    'http://user:word@collector:4318',
    'http://@collector',
    'https://collector/?key=1',
    'https://collector/?',
    'https://collector/#',
    'http://',
  ])('refuses %s', endpoint => {
    expect(() => read({ SALLYPORT_OTLP_ENDPOINT: endpoint })).toThrow(/SALLYPORT_OTLP_ENDPOINT/)
  })

  it.each(['-1', '1.1', 'all', '1e-3', '.5', '0.1234567'])('keeps no share such as %s', ratio => {
    expect(() => read({ SALLYPORT_TRACE_RATIO: ratio })).toThrow(/SALLYPORT_TRACE_RATIO/)
  })

  it('is a share and a URL, or a complaint, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl()), fc.string(), (endpoint, ratio) => {
        try {
          const found = read({ SALLYPORT_OTLP_ENDPOINT: endpoint, SALLYPORT_TRACE_RATIO: ratio })
          if (!found) return
          expect(found.ratio).toBeGreaterThanOrEqual(0)
          expect(found.ratio).toBeLessThanOrEqual(1)
          expect(new URL(found.endpoint).protocol).toMatch(/^https?:$/)
        } catch (problem) {
          expect(problem).toBeInstanceOf(ConfigError)
        }
      }),
    )
  })
})
