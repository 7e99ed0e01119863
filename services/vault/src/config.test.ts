import { ConfigError } from '@sallyport/config/reader'
import { expect, test } from 'vitest'
import { readVaultConfig } from './config.ts'

test('a configuration tells every problem at once', () => {
  const environment = { SALLYPORT_VAULT_PORT: 'many', SALLYPORT_TLS_KEY_FILE: '/nowhere' }
  const read = (): unknown => readVaultConfig(environment)
  expect(read).toThrow(ConfigError)
  for (const name of [
    'SALLYPORT_VAULT_PORT',
    'SALLYPORT_TLS_KEY_FILE',
    'SALLYPORT_VAULT_DATABASE_URL',
    'SALLYPORT_VAULT_ROOT_KEY_FILE',
    'SALLYPORT_ACCESS_CONTROL_ADDRESS',
  ])
    expect(read).toThrow(name)
})
