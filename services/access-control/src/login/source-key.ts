import { isIPv4, isIPv6 } from 'node:net'

/**
 * One source, however its address is written. An IPv4 address inside IPv6 is that address; of another IPv6 address the
 * network counts, since everybody has all 2^64 addresses of theirs.
 */
export const sourceKey = (address: string): string => {
  if (!isIPv6(address)) return address.slice(0, 64)
  const groups = groupsOf(address)
  const embedded = embeddedIPv4(groups)
  return embedded ?? `${groups.slice(0, 4).join(':')}::/64`
}

/** The eight groups, without leading zeros. A zone (`%eth0`) is no part of the address. */
const groupsOf = (address: string): string[] => {
  const canonical = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = canonical.split('::').map(half => half.split(':').filter(Boolean))
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
}

const embeddedIPv4 = (groups: readonly string[]): string | undefined => {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined
  const bytes = groups.slice(6).flatMap(group => {
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 0xff]
  })
  const text = bytes.join('.')
  return isIPv4(text) ? text : undefined
}
