import { BlockList } from 'node:net'

// Link-local carries the clouds' metadata services; the rest are no hosts at all.
const NEVER: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['fd00:ec2::', 32, 'ipv6'],
  // The same behind a translator (RFC 6052).
  ['64:ff9b::a9fe:0', 112, 'ipv6'],
  ['64:ff9b::a83f:8110', 128, 'ipv6'],
]

const LOOPBACK: typeof NEVER = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
]

/**
 * The addresses to which the proxy never connects, whatever a device or a name server says. Checked by Node after the
 * name was resolved, so that a second answer cannot lead elsewhere.
 */
export const forbiddenAddresses = (allowLoopback: boolean): BlockList => {
  const list = new BlockList()
  for (const net of [...NEVER, ...(allowLoopback ? [] : LOOPBACK)]) list.addSubnet(...net)
  return list
}
