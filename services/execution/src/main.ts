import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readExecutionConfig } from './config.ts'
import { startExecution } from './service.ts'

try {
  await using service = await startExecution(readExecutionConfig(process.env))
  console.log(`execution listens on ${service.address}`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 78
}
