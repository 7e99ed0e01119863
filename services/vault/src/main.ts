import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readVaultConfig } from './config.ts'
import { startVault } from './service.ts'

try {
  await using service = await startVault(readVaultConfig(process.env))
  process.stdout.write(`The vault listens on ${service.address}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
