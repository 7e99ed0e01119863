// Makes what an image of a service contains, for the Dockerfile: `node scripts/image.ts vault /image`. Compiled code, the packages
// that it needs when it runs, and what it is made of.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from './compile.ts'
import { root } from './lockfile.ts'
import { copyPackages, workspaceFolders } from './production-packages.ts'
import { sbomOf } from './sbom.ts'

/**
 * @param compiled what `compile` has made
 * @param directory which must not exist, or be empty
 */
export const makeImage = (service: string, compiled: string, directory: string): void => {
  const folder = `services/${service}`
  if (!existsSync(join(root, folder, 'package.json'))) throw new Error(`There is no service ${service}`)
  const folders = workspaceFolders(folder)
  for (const each of folders) copyCompiled(each, compiled, directory)
  copyPackages(folders, directory)
  if (service === 'maintenance') copyMigrations(directory)
  const isThere = (name: string): boolean =>
    globSync(`node_modules/.pnpm/*/node_modules/${name}`, { cwd: directory }).length > 0
  writeFileSync(join(directory, 'sbom.json'), `${JSON.stringify(sbomOf(folder, isThere), undefined, 2)}\n`)
}

const copyCompiled = (folder: string, compiled: string, directory: string): void => {
  const to = join(directory, folder)
  mkdirSync(to, { recursive: true })
  for (const source of ['src', 'generated'])
    if (existsSync(join(compiled, folder, source)))
      cpSync(join(compiled, folder, source), join(to, 'dist'), { recursive: true })
  const { name, version, type, exports } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  )
  writeFileSync(
    join(to, 'package.json'),
    `${JSON.stringify({ name, version, type, exports }, undefined, 2)}\n`,
  )
}

const copyMigrations = (directory: string): void => {
  for (const path of globSync('{packages,services}/*/prisma/migrations/*/migration.sql', { cwd: root }))
    cpSync(join(root, path), join(directory, path))
}

if (import.meta.main) {
  const [service, directory] = process.argv.slice(2)
  if (!service || !directory) throw new Error('Which service, and where to? Such as vault /image')
  const compiled = mkdtempSync(join(tmpdir(), 'sallyport-compiled-'))
  try {
    compile(compiled)
    makeImage(service, compiled, directory)
  } finally {
    rmSync(compiled, { recursive: true })
  }
}
