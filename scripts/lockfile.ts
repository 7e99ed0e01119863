// Reads pnpm-lock.yaml: as much of YAML as pnpm writes, which is maps by indentation and one-line flow maps.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Tree = { [key: string]: Tree | string }

export type Lockfile = {
  /** By workspace folder. */
  readonly importers: Tree
  /** By `name@version`. */
  readonly packages: Tree
  /** By `name@version(peers)`. */
  readonly snapshots: Tree
}

export const root: string = join(import.meta.dirname, '..')

export const treeOf = (value: Tree | string | undefined): Tree => (typeof value === 'object' ? value : {})
export const textOf = (value: Tree | string | undefined): string => (typeof value === 'string' ? value : '')

export const readLockfile = (): Lockfile => {
  const { importers, packages, snapshots } = parseYaml(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))
  return { importers: treeOf(importers), packages: treeOf(packages), snapshots: treeOf(snapshots) }
}

export const parseYaml = (text: string): Tree => {
  const document: Tree = {}
  const open = [{ indent: -1, tree: document }]
  for (const line of text.split('\n')) {
    const [, spaces = '', quoted, plain = '', value = ''] =
      /^( *)(?:'([^']*)'|([^\s#'][^:]*)): ?(.*)$/.exec(line) ?? []
    const key = quoted ?? plain
    if (key === '') continue
    while ((open.at(-1)?.indent ?? -1) >= spaces.length) open.pop()
    const parent = open.at(-1)?.tree ?? document
    if (value !== '') parent[key] = value === '{}' ? {} : value.replace(/^'(.*)'$/, '$1')
    else {
      const tree: Tree = {}
      parent[key] = tree
      open.push({ indent: spaces.length, tree })
    }
  }
  return document
}

export type Package = { readonly name: string; readonly version: string; readonly integrity: string }

export const nameAndVersion = (id: string): { name: string; version: string } => {
  const [, name = '', version = ''] = /^(@?[^@]+)@([^(]+)/.exec(id) ?? []
  return { name, version }
}

const workspacePrefix = 'link:'

/** Optional peers of @prisma/client: they generate it, and are no part of what runs. */
export const generators: ReadonlySet<string> = new Set(['prisma', 'typescript'])

/**
 * Everything from a registry that a workspace folder needs when it runs, by `name@version`. Optional packages of other
 * systems are among them.
 */
export const runtimePackages = (
  { importers, packages, snapshots }: Lockfile,
  folder: string,
): Map<string, Package> => {
  const found = new Map<string, Package>()
  const folders = new Set<string>()
  const visit = (id: string): void => {
    const bare = id.replace(/\(.*$/, '')
    if (found.has(bare)) return
    const resolution = textOf(treeOf(packages[bare])['resolution'])
    const integrity = /integrity: ([^,}]+)/.exec(resolution)?.[1] ?? ''
    found.set(bare, { ...nameAndVersion(bare), integrity })
    const snapshot = treeOf(snapshots[id])
    for (const kind of ['dependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries(treeOf(snapshot[kind]))) {
        if (!generators.has(name)) visit(idOf(name, textOf(version)))
      }
    }
  }
  const enter = (path: string): void => {
    if (folders.has(path)) return
    folders.add(path)
    for (const [name, entry] of Object.entries(treeOf(treeOf(importers[path])['dependencies']))) {
      const version = textOf(treeOf(entry)['version'])
      if (version.startsWith(workspacePrefix)) enter(join(path, version.slice(workspacePrefix.length)))
      else visit(idOf(name, version))
    }
  }
  enter(folder)
  return found
}

/** An alias names the package that it stands for in its version. */
const idOf = (name: string, version: string): string =>
  /^@?[^@(]+@/.test(version) ? version : `${name}@${version}`
