import { parseArgs } from 'node:util'
import { ConfigError } from '@sallyport/config/reader'
import { readSyntheticUserConfig } from './config.ts'
import { runOnce } from './once.ts'
import { keepRunning } from './service.ts'

try {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } })
  const config = readSyntheticUserConfig(process.env)
  if (values.once) {
    process.exitCode = await runOnce(config, line => process.stdout.write(`${line}\n`))
  } else {
    const stop = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
    process.stdout.write('The synthetic user runs\n')
    await keepRunning(config, stop.signal)
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
