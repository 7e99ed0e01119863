import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readAccessControlConfig } from './config.ts'
import { startAccessControl } from './service.ts'

try {
  await using service = await startAccessControl(readAccessControlConfig(process.env))
  process.stdout.write(`access-control listens on ${service.address}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
