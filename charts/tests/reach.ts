import { BlockList } from 'node:net'
import { type Place, releaseNamespace } from './places.ts'
import type { KubernetesObject } from './rendered.ts'

type Labels = Readonly<Record<string, string>>
type Selector = { readonly matchLabels?: Labels }
type Block = { readonly cidr: string; readonly except?: readonly string[] }
export type Peer = {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly ipBlock?: Block
}
export type Rule = {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[]
}

export type Policy = {
  readonly podSelector: Selector
  readonly policyTypes: readonly ('Ingress' | 'Egress')[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

export const policiesOf = (objects: readonly KubernetesObject[]): readonly Policy[] =>
  objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec)

const matches = ({ matchLabels = {} }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value)

const isWithin = (address: string, network: string): boolean => {
  const [base = '', prefix = ''] = network.split('/')
  // To which all of IPv4 would be a part of ::/0.
  if (base.includes(':') !== address.includes(':')) return false
  const list = new BlockList()
  list.addSubnet(base, Number(prefix), base.includes(':') ? 'ipv6' : 'ipv4')
  return list.check(address)
}

/** Whether a peer of a policy, which is in the release’s namespace, is somebody. */
export const isPeer = ({ podSelector, namespaceSelector, ipBlock }: Peer, place: Place): boolean => {
  if (ipBlock)
    return (
      isWithin(place.address, ipBlock.cidr) &&
      !(ipBlock.except ?? []).some(network => isWithin(place.address, network))
    )
  const { namespace, labels } = place
  if (namespace === undefined) return false
  const inNamespace = namespaceSelector
    ? matches(namespaceSelector, { 'kubernetes.io/metadata.name': namespace })
    : namespace === releaseNamespace
  return inNamespace && matches(podSelector ?? {}, labels)
}

const allowsPort = ({ ports }: Rule, port: number): boolean =>
  ports === undefined || ports.some(each => each.protocol === 'TCP' && each.port === port)

export type Direction = 'Ingress' | 'Egress'

/** What policies say of somebody, added up. Who is not isolated is open. */
export const direction = (
  policies: readonly Policy[],
  { labels, namespace }: Pick<Place, 'labels' | 'namespace'>,
  type: Direction,
): { readonly isolated: boolean; readonly rules: readonly Rule[] } => {
  const chosen = policies.filter(
    ({ podSelector, policyTypes }) =>
      namespace === releaseNamespace && policyTypes.includes(type) && matches(podSelector, labels),
  )
  return {
    isolated: chosen.length > 0,
    rules: chosen.flatMap(({ ingress, egress }) => (type === 'Ingress' ? ingress : egress) ?? []),
  }
}

/**
 * Whether a connection comes about, as NetworkPolicy defines it: the rules of all policies that choose the pod are added up, on
 * both sides; a pod that no policy chooses is open.
 */
export const reaches = (policies: readonly Policy[], from: Place, to: Place, port: number): boolean => {
  const out = direction(policies, from, 'Egress')
  const into = direction(policies, to, 'Ingress')
  const mayLeave =
    !out.isolated ||
    out.rules.some(rule => allowsPort(rule, port) && (rule.to ?? []).some(peer => isPeer(peer, to)))
  const mayEnter =
    !into.isolated ||
    into.rules.some(rule => allowsPort(rule, port) && (rule.from ?? []).some(peer => isPeer(peer, from)))
  return mayLeave && mayEnter
}

export type Outside = { readonly peer: Peer; readonly ports: readonly string[] }

/** What a pod may reach, or be reached by, that is not named by labels of the release’s own pods. */
export const outside = (
  policies: readonly Policy[],
  place: Place,
  type: Direction,
  own: (peer: Peer) => boolean,
): readonly Outside[] =>
  direction(policies, place, type).rules.flatMap(({ from, to, ports }) =>
    [...(from ?? []), ...(to ?? [])]
      .filter(peer => !own(peer))
      .map(peer => ({ peer, ports: (ports ?? []).map(({ protocol, port }) => `${protocol} ${port}`) })),
  )
