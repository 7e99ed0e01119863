import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './lockfile.ts'

/** Compiles every package and service into a directory, each to `<folder>/src`. Types are checked by `pnpm check`. */
export const compile = (directory: string): void => {
  const args = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', directory]
  execFileSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root })
}
