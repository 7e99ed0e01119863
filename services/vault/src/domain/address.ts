import { invalid } from './invalid.ts'

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/**
 * The normal form of a DNS name or IP address. Throws `request.invalid`.
 *
 * Refused are the other spellings of IPv4 (decimal, octal, hexadecimal, short), zone ids, and addresses at which no
 * managed system can be: unspecified, link-local (where cloud metadata is), multicast and broadcast.
 * A name may still resolve to such an address: whoever connects must check again what it resolved to.
 */
export const parseAddress = (field: string, text: string): string => {
  const lower = text.toLowerCase()
  const address = IPV4.test(lower) ? checkIpv4(field, lower) : (ipv6Of(field, lower) ?? dnsNameOf(lower))
  if (address === undefined) throw invalid(field, 'must be a DNS name or an IP address')
  return address
}

const checkIpv4 = (field: string, address: string): string => {
  const [first = 0, second = 0] = address.split('.').map(Number)
  if (first === 0 || first >= 224 || (first === 169 && second === 254)) throw unusable(field)
  return address
}

const ipv6Of = (field: string, text: string): string | undefined => {
  if (!/^[0-9a-f:.]*$/.test(text) || !text.includes(':')) return undefined
  const url = URL.parse(`http://[${text}]/`)
  if (url === null) return undefined
  const address = url.hostname.slice(1, -1)
  const mapped = /^::(?:ffff:(?:0:)?)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address)
  if (mapped?.[1] !== undefined && mapped[2] !== undefined) checkIpv4(field, dotted(mapped[1], mapped[2]))
  if (address === '::' || /^(?:ff|fe[89ab])/.test(address)) throw unusable(field)
  return address
}

const dotted = (high: string, low: string): string =>
  [high, low].flatMap(part => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.')

// RFC 1123. A last label of digits only, or like 0x7f, would be read as an IPv4 address by some resolvers.
const dnsNameOf = (text: string): string | undefined => {
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  const labels = name.split('.')
  const last = labels.at(-1) ?? ''
  const numeric = /^(?:\d+|0x[0-9a-f]*)$/.test(last)
  return name.length <= 253 && labels.every(label => LABEL.test(label)) && !numeric ? name : undefined
}

const unusable = (field: string): Error =>
  invalid(field, 'must not be an unspecified, link-local, multicast or broadcast address')
