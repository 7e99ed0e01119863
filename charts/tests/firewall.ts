import type { Place } from './places.ts'
import { type Direction, direction, isPeer, type Peer, type Policy, type Rule } from './reach.ts'

/** What of an address of a packet a rule says: that it is one of these, or in a network but not in parts of it. */
const addressesOf = (peer: Peer, side: 'saddr' | 'daddr', places: readonly Place[]): string | undefined => {
  if (peer.ipBlock) {
    const { cidr, except = [] } = peer.ipBlock
    return `ip ${side} ${cidr}${except.length === 0 ? '' : ` ip ${side} != { ${except.join(', ')} }`}`
  }
  const addresses = places.filter(place => isPeer(peer, place)).map(({ address }) => address)
  return addresses.length === 0 ? undefined : `ip ${side} { ${addresses.join(', ')} }`
}

const linesOf = (rule: Rule, side: 'saddr' | 'daddr', places: readonly Place[]): readonly string[] => {
  const ports = (rule.ports ?? []).filter(({ protocol }) => protocol === 'TCP').map(({ port }) => port)
  const match = rule.ports === undefined ? '' : ` tcp dport { ${ports.join(', ')} }`
  return [...(rule.from ?? []), ...(rule.to ?? [])]
    .map(peer => addressesOf(peer, side, places))
    .flatMap(addresses => (addresses === undefined ? [] : [`${addresses}${match} return`]))
}

const chainsOf = (policies: readonly Policy[], places: readonly Place[], type: Direction): string => {
  const [hook, own, peer] =
    type === 'Egress' ? (['output', 'saddr', 'daddr'] as const) : (['input', 'daddr', 'saddr'] as const)
  const isolated = places.flatMap((place, index) => {
    const { isolated, rules } = direction(policies, place, type)
    return isolated ? [{ place, rules, chain: `${hook}_${index}` }] : []
  })
  return [
    ...isolated.map(
      ({ rules, chain }) =>
        `chain ${chain} {\n${rules.flatMap(rule => linesOf(rule, peer, places)).join('\n')}\nreject with tcp reset\n}`,
    ),
    `chain ${hook} { type filter hook ${hook} priority 0; policy accept; ct state established,related accept`,
    ...isolated.map(
      ({ place, chain }) => `ip ${own} ${place.address} ip ${peer} != ${place.address} jump ${chain}`,
    ),
    '}',
  ].join('\n')
}

/** NetworkPolicies as rules of nftables, for places that all have their addresses on one machine. */
export const firewallOf = (policies: readonly Policy[], places: readonly Place[]): string =>
  `table inet policies {\n${chainsOf(policies, places, 'Egress')}\n${chainsOf(policies, places, 'Ingress')}\n}\n`
