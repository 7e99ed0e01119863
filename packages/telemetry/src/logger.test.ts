import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { expect, test } from 'vitest'

const program = `
  import { createLogger } from '${import.meta.dirname}/logger.ts'
  const log = createLogger('vault', 'info')
  for (let line = 0; line < 100; line += 1) log.info({ line }, 'said')
  process.on('exit', () => log.info('the last one'))
`

/** How a program that logs to a file ends, and what it says of it. */
const runInto = async (file: string): Promise<{ status: unknown; complaint: string }> => {
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program], {
    stdio: ['ignore', openSync(file, 'w'), 'pipe'],
    timeout: 20_000,
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const [code, signal]: unknown[] = await once(child, 'close')
  return { status: signal ?? code, complaint }
}

test('a log that nobody can keep neither ends a service nor holds up its end', async () => {
  expect(await runInto('/dev/full')).toEqual({ status: 0, complaint: '' })
})
