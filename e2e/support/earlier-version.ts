import { execFileSync } from 'node:child_process'
import { thisCheckout } from './program.ts'

/**
 * Makes a checkout of an earlier version, with everything that it needs installed.
 * @param reference a branch, tag or commit of this repository
 * @param directory that is not there yet
 */
export const checkOutEarlier = (reference: string, directory: string): void => {
  const run = (program: string, args: readonly string[], cwd: string): void => {
    execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 })
  }
  run('git', ['clone', '--quiet', '--shared', '--no-checkout', thisCheckout, directory], thisCheckout)
  run('git', ['checkout', '--quiet', '--detach', reference], directory)
  run('npx', ['-y', 'pnpm@12', 'install', '--frozen-lockfile'], directory)
}
