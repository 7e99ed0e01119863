// Loaded into the process under load, ahead of its program: measures it from inside, after a collection of garbage, so
// that what is measured is what is kept.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { MemorySample } from './samples.ts'

const path = process.env['SALLYPORT_SOAK_SAMPLES']
const everyMs = Number(process.env['SALLYPORT_SOAK_EVERY_MS'])
/** `services/gateway/src/main.ts` is the gateway’s. */
const program = basename(dirname(dirname(process.argv[1] ?? '')))

setFlagsFromString('--expose-gc')
// Only a new context sees what a flag exposes.
const collectGarbage: unknown = runInNewContext('gc')

/** Where the engine keeps bytecode and machine code, and what belongs to them: never a value of the program's. */
const isForCode = (space: string): boolean => /^(code|trusted)_/.test(space)

const codeBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => isForCode(name))
    .reduce((sum, { space_used_size: size }) => sum + size, 0)

/** Without the pages of files, which the system takes away and brings back as it likes. */
const anonymousBytes = (): number => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

const sample = (): MemorySample => {
  if (typeof collectGarbage === 'function') collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return {
    kind: 'memory',
    process: `${program} ${process.pid}`,
    at: performance.now(),
    resident: anonymousBytes(),
    kept: heapUsed - codeBytes() + external,
    descriptors: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
  }
}

if (path) setInterval(() => appendFileSync(path, `${JSON.stringify(sample())}\n`), everyMs).unref()
