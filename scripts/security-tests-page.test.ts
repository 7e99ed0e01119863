import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const rowId = /^(?:R|S-[A-Z]{2,3})-\d\d/

/** The lines of the page's tables: id, what, counts, the files that do it. */
const lines = readFileSync(join(root, 'docs/security-tests.md'), 'utf8')
  .split('\n')
  .map(line => line.split('|').map(cell => cell.trim()))
  .filter(([, id = '']) => rowId.test(id))
  .map(([, id = '', , , , files = '']) => ({ id, files: files.split(/,\s*/) }))

const tests = globSync(
  [
    '{packages,services}/*/{src,tests}/**/*.test.ts',
    'e2e/**/*.test.ts',
    'scripts/*.test.ts',
    'charts/tests/*.test.ts',
  ],
  {
    cwd: root,
    exclude: path => path.includes('node_modules'),
  },
).filter(path => /^(?:r|s-[a-z]{2,3})-\d\d-/.test(basename(path)))

describe('The page of security tests', () => {
  it('names only files that exist', () => {
    const missing = lines.flatMap(({ files }) => files).filter(file => !existsSync(join(root, file)))
    expect(missing).toEqual([])
  })

  it('names every test that carries the id of a row', () => {
    const named = new Set(lines.flatMap(({ files }) => files))
    expect(tests.filter(file => !named.has(file))).toEqual([])
  })

  it.each(tests)('%s says in its titles which row it proves', file => {
    const [id = ''] = /^(?:r|s-[a-z]{2,3})-\d\d/.exec(basename(file)) ?? []
    expect(readFileSync(join(root, file), 'utf8')).toMatch(
      new RegExp(`(?:describe|it)[^\\n]*\\n?[^\\n]*${id.toUpperCase()}: `),
    )
  })
})
