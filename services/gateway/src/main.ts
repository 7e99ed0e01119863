import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readGatewayConfig } from './config.ts'
import { startGateway } from './service.ts'

try {
  await using service = await startGateway(readGatewayConfig(process.env))
  process.stdout.write(`The gateway listens on ${service.address}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
