import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../e2e/soak/main.ts')

/** A platform under a light load, which goes on beside the tests. Disposing it ends it. */
export const startSoak = (directory: string): AsyncDisposable => {
  const samples = join(directory, 'soak.jsonl')
  process.env['SALLYPORT_SOAK'] = samples
  const log = openSync(join(directory, 'soak.log'), 'a')
  const soak = spawn(process.execPath, ['--conditions=source', program, samples], {
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
