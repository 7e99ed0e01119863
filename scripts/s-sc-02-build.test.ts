import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { figure, isNightly } from '../packages/testing/src/proof.ts'
import { readLockfile, root, runtimePackages } from './lockfile.ts'

/** Packages from the registry that may be in a service. The gateway holds no secret, and brings a web server. */
const budgets: Readonly<Record<string, number>> = {
  'access-control': 120,
  audit: 120,
  execution: 120,
  gateway: 170,
  'session-proxy': 120,
  vault: 120,
}

const build = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-build-'))
  try {
    const options = ['--noEmit', 'false', '--rootDir', root, '--outDir', directory]
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json', ...options], { cwd: root })
    const hash = createHash('sha256')
    for (const path of globSync('**/*.js', { cwd: directory }).toSorted()) {
      hash.update(path).update(readFileSync(join(directory, path)))
    }
    return hash.digest('hex')
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('S-SC-02: what is built is what was written, and little of it is others’', () => {
  const lock = readLockfile()

  it.each(Object.entries(budgets))('%s has at most %i packages', (service, budget) => {
    expect(runtimePackages(lock, `services/${service}`).size).toBeLessThanOrEqual(budget)
  })

  it('counts them', () => {
    const counts = Object.keys(budgets).map(
      name => `${name} ${runtimePackages(lock, `services/${name}`).size}`,
    )
    figure('S-SC-02', `packages: ${counts.join(', ')}`)
  })

  it('gives the same bytes twice', ({ skip }) => {
    if (!isNightly) skip('only at night: compiles everything twice')
    const first = build()
    expect(build()).toBe(first)
    figure('S-SC-02', `two builds, one hash: ${first.slice(0, 16)}`)
  }, 300_000)
})
