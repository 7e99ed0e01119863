// Contracts only grow: compares proto/ with the newest release, or before the first release with the parent commit.
import { execFileSync } from 'node:child_process'

const git = (...args: string[]): string => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

const base: string = git('describe', '--tags', '--abbrev=0', '--match', 'v*') || git('rev-parse', 'HEAD~1')
if (base === '' || git('ls-tree', '-d', base, 'proto') === '') {
  console.log('buf breaking: there is no earlier version to compare with')
} else {
  execFileSync('buf', ['breaking', '--against', `.git#ref=${base}`], { stdio: 'inherit' })
}
