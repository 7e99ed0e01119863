import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The oldest Kubernetes that the chart is for, and the newest whose schemas there are. */
export const kubernetesVersions = ['1.30.0', '1.37.0'] as const

type CustomResources = { readonly module: string; readonly sum: string; readonly files: readonly string[] }

const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })

/** Puts JSON schemas of Kubernetes and of the custom resources that the chart uses into `<directory>/schemas`. */
export const fetchSchemas = (directory: string): void => {
  mkdirSync(join(directory, 'schemas/custom'), { recursive: true })
  fetchKubernetes(directory)
  fetchCustomResources(directory)
}

const fetchKubernetes = (directory: string): void => {
  const wheels = mkdtempSync(join(directory, 'wheels-'))
  const requirements = join(import.meta.dirname, 'requirements.txt')
  const pip = ['-m', 'pip', '--quiet', 'download', '--no-deps', '--require-hashes']
  run('python3', [...pip, '--dest', wheels, '--requirement', requirements])
  const [wheel = ''] = globSync('*.whl', { cwd: wheels })
  run('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), wheels])
  for (const version of kubernetesVersions) {
    const name = `v${version}-local-strict`
    const schemas = join(wheels, 'kubernetes_validate/kubernetes-json-schema', name)
    for (const file of globSync('*.json', { cwd: schemas })) makeLocal(join(schemas, file))
    renameSync(schemas, join(directory, 'schemas', name))
  }
  rmSync(wheels, { recursive: true })
}

/** Their names are addresses, at which kubeconform would look for what they refer to. */
const makeLocal = (path: string): void => {
  const { $id: _, ...schema } = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify(schema).replaceAll('"/api/_definitions.json#', '"_definitions.json#'))
}

const fetchCustomResources = (directory: string): void => {
  const listed: readonly CustomResources[] = JSON.parse(
    readFileSync(join(import.meta.dirname, 'custom-resources.json'), 'utf8'),
  )
  for (const { module, sum, files } of listed) {
    const { Sum, Dir } = JSON.parse(run('go', ['mod', 'download', '-json', module]))
    if (Sum !== sum) throw new Error(`${module} is not what it was: ${Sum}`)
    const paths = files.map(file => join(Dir, file))
    run(join(directory, 'manifests'), ['schemas', join(directory, 'schemas/custom'), ...paths])
  }
}
