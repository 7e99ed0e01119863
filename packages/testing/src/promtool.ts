import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const cache = join(import.meta.dirname, '../../../node_modules/.cache')
const fetched = join(cache, 'prometheus')

const runs = (program: string, argument: string): boolean => {
  try {
    execFileSync(program, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** How to run a program of Prometheus, `promtool` or `prometheus`; undefined if it is not here. */
const findProgram = (name: string): string | undefined =>
  [name, join(fetched, name)].find(program => runs(program, '--version'))

/** How to run promtool, which checks rules and tests them; undefined if it is not here. */
export const findPromtool = (): string | undefined => findProgram('promtool')

/** How to run Prometheus itself. */
export const findPrometheus = (): string | undefined => findProgram('prometheus')

/** Why there is no promtool to test with; nothing if there is one. */
export const missingPromtool = (): string | undefined =>
  findPromtool() ? undefined : 'needs promtool, fetched by npx pnpm@12 test (Debian: prometheus)'

const patienceMs = 120_000

/**
 * Fetches Debian’s package of Prometheus unless there is one, and unpacks it without installing it: that would start a
 * service. Needs no rights. Gives why it was not possible.
 */
export const fetchPromtool = (): string | undefined => {
  if (findPromtool()) return undefined
  if (!runs('apt-get', '--version')) return 'there is no apt-get (Debian: prometheus)'
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'prometheus-'))
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'], timeout: patienceMs })
  }
  try {
    run('apt-get', 'download', '-qq', 'prometheus')
    run('dpkg', '-x', ...globSync('*.deb', { cwd: directory }), '.')
    // At once, so that what was cut off in the middle is never taken for the whole.
    rmSync(fetched, { recursive: true, force: true })
    renameSync(join(directory, 'usr/bin'), fetched)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'apt-get failed'
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
