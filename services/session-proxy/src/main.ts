import { once } from 'node:events'
import { ConfigError } from '@sallyport/config/reader'
import { readSessionProxyConfig } from './config.ts'
import { startSessionProxy } from './service.ts'

try {
  await using service = await startSessionProxy(readSessionProxyConfig(process.env))
  process.stdout.write(`session-proxy listens on ${service.address}, for SSH on ${service.sshAddress}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
