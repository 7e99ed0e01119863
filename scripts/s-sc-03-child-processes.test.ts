import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { figure } from '../packages/testing/src/proof.ts'
import { describe, expect, it } from 'vitest'
import { root } from './lockfile.ts'

/** These services start no other program, and run no code that came as data. */
const services = ['access-control', 'vault', 'audit', 'gateway']

const forbidden = /^(?:node:)?(?:child_process|cluster|vm|worker_threads|inspector|repl|wasi)(?:\/|$)/

const specifiers = (source: string): string[] =>
  [
    ...source.matchAll(
      /^\s*(?:import|export)\b(?!\s+type\b)[^'"]*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, stated, asked]) => stated ?? asked ?? '')

const fileOf = (specifier: string, from: string): string | undefined => {
  if (specifier.startsWith('.')) return join(dirname(from), specifier)
  const [, name = '', path = ''] = /^@sallyport\/([^/]+)\/(.+)$/.exec(specifier) ?? []
  const places = [`packages/${name}/src/${path}.ts`, `services/${name}/src/${path}.ts`]
  return [...places, `packages/contracts/generated/sallyport/${path}.ts`]
    .map(place => join(root, place))
    .find(place => name !== '' && existsSync(place))
}

/** Every file of ours that a service loads, with what else it imports. */
const reachedFrom = (main: string): Map<string, string[]> => {
  const reached = new Map<string, string[]>()
  const open = [main]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue
    const found = specifiers(readFileSync(file, 'utf8'))
    reached.set(file, found)
    for (const specifier of found) {
      const next = fileOf(specifier, file)
      if (next) open.push(next)
    }
  }
  return reached
}

describe('S-SC-03: what holds secrets or decides starts no other program', () => {
  it.each(services)('%s', service => {
    const reached = reachedFrom(join(root, `services/${service}/src/main.ts`))
    // Otherwise the walk has lost its way.
    expect(reached.size).toBeGreaterThan(50)
    const breaches = [...reached].flatMap(([file, found]) =>
      found.filter(specifier => forbidden.test(specifier)).map(specifier => `${file} imports ${specifier}`),
    )
    expect(breaches).toEqual([])
    const evaluating = [...reached.keys()].filter(file =>
      /\beval\(|new Function\(|createRequire\(/.test(readFileSync(file, 'utf8')),
    )
    expect(evaluating.filter(file => !file.includes('/generated/'))).toEqual([])
  })

  it('and none of them speaks to targets; audit alone has a way out, to receivers of the trail', () => {
    for (const service of services) {
      const { dependencies } = JSON.parse(
        readFileSync(join(root, `services/${service}/package.json`), 'utf8'),
      )
      const out = Object.keys(dependencies).filter(name => /ssh2|targets|egress/.test(name))
      expect(out, service).toEqual(service === 'audit' ? ['@sallyport/egress'] : [])
    }
    const files = globSync('{packages,services}/*/src/**/*.ts', { cwd: root }).length
    figure(
      'S-SC-03',
      `${services.length} services walked through ${files} files, 0 imports of child_process or vm`,
    )
  })
})
