import type { KubernetesObject } from './rendered.ts'

export type Container = {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts?: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
  }[]
  readonly resources: { readonly requests: object; readonly limits: object }
  readonly startupProbe?: object
  readonly livenessProbe?: object
  readonly readinessProbe?: object
  readonly securityContext: {
    readonly readOnlyRootFilesystem?: boolean
  }
}

type Item = { readonly key: string; readonly path: string }

export type Volume = {
  readonly name: string
  readonly secret?: { readonly secretName: string; readonly items: readonly Item[] }
  readonly projected?: {
    readonly sources: readonly { readonly secret: { readonly items: readonly Item[] } }[]
  }
  readonly persistentVolumeClaim?: { readonly claimName: string }
}

/** A pod that the chart makes, or has made by something else. */
export type PodTemplate = {
  /** A service’s name, `migrations`, `test`, `backup` or `backup-proof`. */
  readonly component: string
  readonly kind: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: {
    readonly automountServiceAccountToken?: boolean
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly volumes?: readonly Volume[]
    readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[]
  }
}

const componentLabel = 'app.kubernetes.io/component'

export const podsOf = (objects: readonly KubernetesObject[]): readonly PodTemplate[] =>
  objects.flatMap(({ kind, metadata, spec }) => {
    const template = kind === 'Pod' ? { metadata, spec } : (spec?.jobTemplate?.spec ?? spec)?.template
    if (template?.spec?.containers === undefined) return []
    const labels = template.metadata.labels
    return [{ component: labels[componentLabel], kind, labels, spec: template.spec }]
  })

export const containersOf = ({ spec }: PodTemplate): readonly Container[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []),
]
