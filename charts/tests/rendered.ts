import { execFileSync, spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { kubernetesTools } from '../tools/kubernetes-tools.ts'

export const chart: string = join(import.meta.dirname, '../sallyport')

/** Every values file that the documentation names. */
export const sizes: readonly string[] = globSync('values-*.yaml', { cwd: chart }).toSorted()

export type KubernetesObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // As the API has it, which differs from kind to kind.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly spec: any
}

const release = 'sallyport'
// As a cluster has it where Prometheus’ operator runs.
const cluster = ['--kube-version', '1.30.0', '--api-versions', 'monitoring.coreos.com/v1']

const tool = (name: string): string => join(kubernetesTools, name)

const rendered = new Map<string, string>()

/** What `helm template` makes of a documented size. */
export const renderText = (size: string): string => {
  const args = ['template', release, chart, ...cluster, '--values', join(chart, size)]
  const text = rendered.get(size) ?? execFileSync(tool('helm'), args, { encoding: 'utf8' })
  rendered.set(size, text)
  return text
}

export const readManifests = (text: string): readonly KubernetesObject[] =>
  JSON.parse(execFileSync(tool('manifests'), ['json'], { input: text, encoding: 'utf8' }))

export const render = (size: string): readonly KubernetesObject[] => readManifests(renderText(size))

export type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** Runs one of the tools on the chart. */
export const runTool = (name: string, args: readonly string[], input = ''): Outcome => {
  const { status, stdout, stderr } = spawnSync(tool(name), args, { input, encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** What Helm says of the chart with a documented size and something else on top of it. */
export const renderWith = (size: string, ...settings: readonly string[]): Outcome =>
  runTool('helm', [
    'template',
    release,
    chart,
    ...cluster,
    '--values',
    join(chart, size),
    ...settings.flatMap(setting => ['--set-json', setting]),
  ])
