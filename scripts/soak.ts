import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { watchedPlatforms } from '../e2e/soak/watched-platforms.ts'
import { missingKafka } from '../packages/testing/src/kafka-jars.ts'

const program = join(import.meta.dirname, '../e2e/soak/main.ts')

/** Platforms under a light load, which go on beside the tests. Disposing ends them. */
export const startSoak = (directory: string): AsyncDisposable => {
  process.env['SALLYPORT_SOAK'] = directory
  const stack = new AsyncDisposableStack()
  for (const { kind } of watchedPlatforms) {
    if (kind === 'one-process' || !missingKafka()) stack.use(watch(directory, kind))
  }
  return stack
}

const watch = (directory: string, kind: string): AsyncDisposable => {
  const log = openSync(join(directory, `${kind}.log`), 'a')
  const samples = join(directory, `${kind}.jsonl`)
  const soak = spawn(process.execPath, ['--conditions=source', program, kind, samples], {
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  const exit = once(soak, 'exit')
  return {
    [Symbol.asyncDispose]: async () => {
      // It ends with its standard input, so also when this process is killed.
      soak.stdin?.destroy()
      await exit
    },
  }
}
