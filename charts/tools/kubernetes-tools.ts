import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fetchSchemas } from './schemas.ts'

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sallyport')

/** By what they are made from: a newer version of anything is made anew, beside the older one. */
const version = (): string => {
  const hash = createHash('sha256').update(process.arch)
  const inputs = globSync(['go.*', '**/*.go', '*.json', '*.txt', '*.ts'], { cwd: import.meta.dirname })
  for (const path of inputs.toSorted())
    hash.update(path).update(readFileSync(join(import.meta.dirname, path)))
  return hash.digest('hex').slice(0, 16)
}

/** Where helm, kubeconform, what reads manifests, and schemas are once they were made: outside of any checkout. */
export const kubernetesTools: string = join(cache, `kubernetes-tools-${version()}`)

/** Why there is nothing to test a chart with; nothing if there is. */
export const missingKubernetesTools = (): string | undefined =>
  existsSync(kubernetesTools)
    ? undefined
    : 'needs helm and kubeconform, which npx pnpm@12 test compiles with Go (1.26 or newer) and pip'

const runs = (program: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const patienceMs = 900_000

const commands = ['helm.sh/helm/v3/cmd/helm', 'github.com/yannh/kubeconform/cmd/kubeconform', './manifests']

/** Compiles and fetches everything unless it is here already, which takes minutes. Gives why that was not possible. */
export const makeKubernetesTools = (): string | undefined => {
  if (existsSync(kubernetesTools)) return undefined
  if (!runs('go', 'version')) return 'Go is missing (1.26 or newer)'
  if (!runs('python3', '-m', 'pip', '--version')) return 'pip is missing (Debian: python3-pip)'
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'making-'))
  try {
    execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', `${directory}/`, ...commands], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: patienceMs,
    })
    fetchSchemas(directory)
    // At once, so that what was cut off in the middle is never taken for the whole.
    renameSync(directory, kubernetesTools)
    return undefined
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    // Somebody else was faster.
    if (existsSync(kubernetesTools)) return undefined
    return error instanceof Error ? error.message : 'Go failed'
  }
}
