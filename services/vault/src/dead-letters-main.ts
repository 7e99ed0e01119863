import { ConfigError } from '@sallyport/config/reader'
import { runDeadLetters } from '@sallyport/events/dead-letters-program'

try {
  process.exitCode = await runDeadLetters(process.argv.slice(2), {
    environment: process.env,
    urlVariable: 'SALLYPORT_VAULT_WORKER_DATABASE_URL',
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
  })
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
