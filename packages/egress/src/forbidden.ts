import { isIP } from 'node:net'
import { blockListOf } from './network.ts'
import type { EgressRules } from './rules.ts'

/** No hosts, or hosts that answer for a cloud: asking those is asking with the machine's own rights. */
const never: readonly string[] = [
  '0.0.0.0/8',
  // Link-local carries most clouds' metadata services; these are the others.
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  // Multicast, reserved, broadcast.
  '224.0.0.0/3',
  'fe80::/10',
  'ff00::/8',
  // IPv4 in the clothes of a tunnel or a translator that nobody's target needs: RFC 2765, 8215, 4380, 3056.
  '::ffff:0:0:0/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
]

const loopback: readonly string[] = ['127.0.0.0/8', '::1/128']

/** RFC 4291 without and with `ffff`, RFC 6052: the last four bytes are an IPv4 address. */
const embedding: readonly string[] = ['::/96', '::ffff:0:0/96', '64:ff9b::/96']

/**
 * Tells for an IP address whether no target may be there. What is not an IP address is forbidden too.
 * @param own the addresses of this machine, which are like loopback
 * @throws Error for a rule that is no network
 */
export const forbiddenBy = (
  { allowLoopback, forbidden }: EgressRules,
  own: readonly string[] = [],
): ((address: string) => boolean) => {
  const list = blockListOf([...never, ...forbidden, ...(allowLoopback ? [] : [...loopback, ...own])])
  const translated = blockListOf(embedding)
  return address => {
    const version = isIP(address)
    // A zone names one of our own interfaces.
    if (version === 0 || address.includes('%')) return true
    if (version === 4) return list.check(address)
    if (list.check(address, 'ipv6')) return true
    return translated.check(address, 'ipv6') && address !== '::1' && list.check(lastFourBytes(address))
  }
}

const lastFourBytes = (address: string): string => {
  // The URL parser writes every form of an address in one.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':')
  const [high = 0, low = 0] = groups.slice(-2).map(group => Number.parseInt(group || '0', 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
