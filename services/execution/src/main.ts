import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readExecutionConfig } from './config.ts'
import { startExecution } from './service.ts'

try {
  await using service = await startExecution(readExecutionConfig(process.env))
  process.stdout.write(`execution listens on ${service.address}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
