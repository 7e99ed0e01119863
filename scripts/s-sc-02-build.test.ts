import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { figure } from '../packages/testing/src/proof.ts'
import { compile } from './compile.ts'
import { readLockfile, root, runtimePackages } from './lockfile.ts'

/**
 * Packages from the registry that may be in a service. The gateway holds no secret, and brings a web server; maintenance
 * is not reached from anywhere, and brings what backups are encrypted and sent with.
 */
const budgets: Readonly<Record<string, number>> = {
  'access-control': 120,
  audit: 120,
  execution: 120,
  gateway: 170,
  maintenance: 130,
  'session-proxy': 120,
  'synthetic-user': 120,
  vault: 120,
}

type Built = { readonly files: readonly string[]; readonly hash: string }

const build = (): Built => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-build-'))
  try {
    compile(directory)
    const files = globSync('**/*.js', { cwd: directory }).toSorted()
    const hash = createHash('sha256')
    for (const path of files) hash.update(path).update(readFileSync(join(directory, path)))
    return { files, hash: hash.digest('hex') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Those that are written by hand and those that are generated from contracts and schemas. */
const sources = (): string[] =>
  globSync(['packages/*/src/**/*.ts', 'services/*/src/**/*.ts', 'packages/contracts/generated/**/*.ts'], {
    cwd: root,
  })
    .filter(path => !path.endsWith('.test.ts'))
    .map(path => path.replace(/\.ts$/, '.js'))
    .toSorted()

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

  it('gives the same bytes twice, and all of it', () => {
    const first = build()
    expect(first.files).toEqual(sources())
    expect(build()).toEqual(first)
    figure('S-SC-02', `two builds of ${first.files.length} files, one hash: ${first.hash.slice(0, 16)}`)
  }, 300_000)
})
