import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { defaultLimits, readGatewayConfig } from './config.ts'

const file = fileURLToPath(import.meta.url)

const environment = {
  SALLYPORT_GATEWAY_ORIGINS: 'https://sallyport.example, http://localhost:8443',
  SALLYPORT_ACCESS_CONTROL_ADDRESS: 'access-control:7000',
  SALLYPORT_VAULT_ADDRESS: 'vault:7000',
  SALLYPORT_EXECUTION_ADDRESS: 'execution:7000',
  SALLYPORT_SESSION_PROXY_ADDRESS: 'session-proxy:7000',
  SALLYPORT_AUDIT_ADDRESS: 'audit:7000',
  SALLYPORT_TLS_CERTIFICATE_FILE: file,
  SALLYPORT_TLS_KEY_FILE: file,
  SALLYPORT_TLS_AUTHORITY_FILE: file,
}

test('what is not told is safe: loopback, no trusted proxies, the usual limits', () => {
  expect(readGatewayConfig(environment)).toMatchObject({
    host: '127.0.0.1',
    port: 8443,
    origins: ['https://sallyport.example', 'http://localhost:8443'],
    trustedProxies: [],
    limits: defaultLimits,
  })
})

test('every problem is told at once', () => {
  const wrong = { SALLYPORT_GATEWAY_PORT: '99999', SALLYPORT_TLS_KEY_FILE: '/nowhere' }
  expect(() => readGatewayConfig(wrong)).toThrow(/PORT.*[\s\S]*ORIGINS.*[\s\S]*VAULT.*[\s\S]*nowhere/)
})

test('TLS needs both of its files', () => {
  const half = { ...environment, SALLYPORT_GATEWAY_TLS_CERTIFICATE_FILE: file }
  expect(() => readGatewayConfig(half)).toThrow('SALLYPORT_GATEWAY_TLS_KEY_FILE')
  const whole = { ...half, SALLYPORT_GATEWAY_TLS_KEY_FILE: file }
  expect(readGatewayConfig(whole).tls?.certificate.byteLength).toBeGreaterThan(0)
})
