import { declaredMethods } from '../../e2e/support/method-tables.ts'
import { others } from './places.ts'
import type { PodTemplate } from './pods.ts'

/** Who may call whom, from the rows of every RPC. The gateway answers none: it is the only one without. */
const declaredCalls: ReadonlySet<string> = new Set(
  declaredMethods.flatMap(({ service, callers }) => callers.map(caller => `${caller} > ${service}`)),
)

export const callsItsReplicas = (service: string): boolean => declaredCalls.has(`${service} > ${service}`)

export const isService = ({ kind, component }: PodTemplate): boolean =>
  (kind === 'Deployment' || kind === 'StatefulSet') && component !== 'synthetic-user'

/** The edges of the design between pods of the release, and no others: `from > to:port`. */
export const declaredEdges = (pods: readonly PodTemplate[]): readonly string[] =>
  pods.filter(isService).flatMap(to =>
    to.spec.containers
      .flatMap(({ ports }) => ports ?? [])
      .flatMap(({ name, containerPort }) => {
        if (name === 'health') return [`test > ${to.component}:${containerPort}`]
        if (name !== 'grpc') return []
        return (
          pods
            // There is one pod of each here; whether it reaches others of its kind is a question of its own.
            .filter(from => from !== to && declaredCalls.has(`${from.component} > ${to.component}`))
            .map(from => `${from.component} > ${to.component}:${containerPort}`)
        )
      }),
  )

const stored = ['access-control', 'audit', 'execution', 'session-proxy', 'vault']

/** Those between the release and everybody else, in the standard size. */
export const edgesBeyond = (pods: readonly PodTemplate[]): readonly string[] => [
  'front > gateway:8443',
  ...others.map(({ name }) => `${name} > session-proxy:2222`),
  ...pods.filter(isService).map(({ component }) => `watcher > ${component}:8080`),
  ...pods.map(({ component }) => `${component} > dns:53`),
  ...[...stored, 'migrations'].flatMap(name => [`${name} > database:5432`, `${name} > kafka:9093`]),
  ...['execution', 'session-proxy'].flatMap(name => [`${name} > target:22`, `${name} > receiver:22`]),
  'audit > receiver:6514',
  'watcher > synthetic-user:8080',
  'backup > database:5432',
  ...['backup', 'backup-proof'].flatMap(name => [`${name} > target:443`, `${name} > receiver:443`]),
  ...pods.filter(isService).map(({ component }) => `${component} > watcher:4318`),
]
