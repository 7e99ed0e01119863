import { expect, it } from 'vitest'
import { readAuditConfig } from './config.ts'

it('names everything that is missing at once', () => {
  const read = () => readAuditConfig({ SALLYPORT_AUDIT_PORT: 'http' })
  expect(read).toThrow(/SALLYPORT_AUDIT_PORT/)
  expect(read).toThrow(
    /SALLYPORT_AUDIT_DATABASE_URL[\s\S]*SALLYPORT_AUDIT_CHAIN_KEY_FILE[\s\S]*SALLYPORT_TLS/,
  )
})
