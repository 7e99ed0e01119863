import { cpSync, globSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { generators, root } from './lockfile.ts'

const store = join(root, 'node_modules/.pnpm')

const dependenciesOf = (folder: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).dependencies ?? {}

/** The workspace folders that one needs when it runs, itself among them. */
export const workspaceFolders = (folder: string): readonly string[] => {
  const found = new Set<string>()
  const enter = (path: string): void => {
    if (found.has(path)) return
    found.add(path)
    for (const [name, version] of Object.entries(dependenciesOf(path)))
      if (version.startsWith('workspace:')) enter(relative(root, linked(join(root, path), name)))
  }
  enter(folder)
  return [...found]
}

/** What a package’s name stands for where it is asked for. */
const linked = (folder: string, name: string): string => {
  const link = join(folder, 'node_modules', name)
  return resolve(dirname(link), readlinkSync(link))
}

/**
 * Copies what folders of the workspace need from a registry, laid out as pnpm does: every package once, in a place of its own, and
 * links to those that it names. What they do not name, nobody can load.
 */
export const copyPackages = (folders: readonly string[], directory: string): void => {
  const copied = new Set<string>()
  const link = (from: string, name: string, to: string): void => {
    const path = join(directory, from, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(relative(dirname(path), join(directory, to)), path)
  }
  /** `place` is such as `<store>/pg@8/node_modules/pg`. */
  const copy = (place: string): void => {
    if (copied.has(place)) return
    copied.add(place)
    cpSync(place, join(directory, relative(root, place)), { recursive: true, filter: isOfUse })
    const modules = place.slice(0, place.lastIndexOf('/node_modules/'))
    for (const name of siblings(modules)) {
      const target = linked(modules, name)
      copy(target)
      link(relative(root, modules), name, relative(root, target))
    }
  }
  for (const folder of folders)
    for (const name of Object.keys(dependenciesOf(folder))) {
      const target = linked(join(root, folder), name)
      if (target.startsWith(store)) copy(target)
      link(folder, name, relative(root, target))
    }
}

/** What pnpm has put beside a package: links to its dependencies and peers that are for this system. */
const siblings = (modules: string): readonly string[] =>
  globSync(['*', '@*/*'], { cwd: join(modules, 'node_modules') }).filter(
    name => !generators.has(name) && lstatSync(join(modules, 'node_modules', name)).isSymbolicLink(),
  )

/** Not what compilers and debuggers need, nor Prisma’s parts for other databases, which are half of everything. */
const unused = [
  /\/build\/Release\/(?:obj\.target|\.deps)$/,
  /\.(?:map|d\.[cm]?ts)$/,
  /\/query_compiler_\w+\.(?:cockroachdb|mysql|sqlite|sqlserver)\./,
]

const isOfUse = (path: string): boolean => !unused.some(pattern => pattern.test(path))
