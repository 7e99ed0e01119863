import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { AttemptFailure } from '../../domain/rotation/failure.ts'

export type EgressRules = {
  /** Only where targets may be on this very machine. */
  allowLoopback: boolean
}

// Link-local carries the clouds' metadata services; the rest are no hosts at all.
const never: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['fd00:ec2::', 32, 'ipv6'],
  ['64:ff9b::a9fe:0', 112, 'ipv6'],
  ['64:ff9b::a83f:8110', 128, 'ipv6'],
]

const listOf = (nets: typeof never): BlockList => {
  const list = new BlockList()
  for (const net of nets) list.addSubnet(...net)
  return list
}

const refused = listOf(never)
const loopback = listOf([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])

export const isAllowedAddress = (address: string, { allowLoopback }: EgressRules): boolean => {
  const version = isIP(address)
  if (version === 0) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  return !refused.check(address, family) && (allowLoopback || !loopback.check(address, family))
}

/**
 * The addresses behind a name, all of them allowed. The caller connects to one of these, not to the name, so that a
 * second answer of the name server cannot lead elsewhere.
 */
export const resolveTarget = async (name: string, rules: EgressRules): Promise<string[]> => {
  const found = await lookup(name, { all: true }).catch((cause: unknown) => {
    throw new AttemptFailure('unreachable', 'The address of the target cannot be resolved', { cause })
  })
  const addresses = found.map(({ address }) => address)
  if (addresses.every(address => isAllowedAddress(address, rules))) return addresses
  throw new AttemptFailure('unsupported', 'The address of the target is one that must not be connected to')
}
