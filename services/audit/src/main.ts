import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readAuditConfig } from './config.ts'
import { startAudit } from './service.ts'

try {
  await using service = await startAudit(readAuditConfig(process.env))
  process.stdout.write(`audit listens on ${service.address}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
