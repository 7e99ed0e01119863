import type { PodTemplate } from './pods.ts'

/** Somebody on the network of a cluster, or beyond it. */
export type Place = {
  readonly name: string
  readonly address: string
  /** Nothing for who is outside. */
  readonly namespace?: string
  readonly labels: Readonly<Record<string, string>>
}

export const releaseNamespace = 'sallyport'

/** Pods of the release, which the chart’s policies are for. */
export const placesOf = (pods: readonly PodTemplate[]): readonly Place[] =>
  pods.map(({ component, labels }, index) => ({
    name: component,
    address: `10.244.1.${index + 1}`,
    namespace: releaseNamespace,
    labels,
  }))

/** Everybody else, as the standard size has them. Addresses outside are of RFC 5737, but one. */
export const others: readonly Place[] = [
  {
    name: 'database',
    address: '10.244.2.1',
    namespace: releaseNamespace,
    labels: { 'cnpg.io/cluster': 'postgres' },
  },
  { name: 'sibling', address: '10.244.2.2', namespace: releaseNamespace, labels: { app: 'other' } },
  { name: 'kafka', address: '10.244.2.3', namespace: 'kafka', labels: { 'strimzi.io/cluster': 'kafka' } },
  { name: 'dns', address: '10.244.2.4', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  { name: 'front', address: '10.244.2.5', namespace: 'gateways', labels: {} },
  { name: 'watcher', address: '10.244.2.6', namespace: 'monitoring', labels: {} },
  { name: 'neighbour', address: '10.244.2.7', namespace: 'default', labels: {} },
  { name: 'target', address: '198.51.100.7', labels: {} },
  { name: 'receiver', address: '192.0.2.10', labels: {} },
  // Of clouds, which hand out credentials there.
  { name: 'metadata', address: '169.254.169.254', labels: {} },
]

/** Of every service, and of everybody else. */
export const ports: readonly number[] = [
  22, 53, 80, 443, 2222, 4318, 5432, 6514, 7401, 7404, 7405, 7406, 7443, 8080, 8443, 9093,
]
