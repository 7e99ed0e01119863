import { BlockList, isIP } from 'node:net'

export type Network = { readonly address: string; readonly prefix: number; readonly family: 'ipv4' | 'ipv6' }

/** Reads `address/prefix`, or an address alone. Undefined if it is neither. */
export const parseNetwork = (text: string): Network | undefined => {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return undefined
  const most = version === 6 ? 128 : 32
  const prefix = bits === undefined ? most : Number(bits)
  return prefix > most ? undefined : { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' }
}

/** @throws Error for a text that is no network */
export const blockListOf = (networks: readonly string[]): BlockList => {
  const list = new BlockList()
  for (const text of networks) {
    const network = parseNetwork(text)
    if (!network) throw new Error(`${text} is not a network`)
    list.addSubnet(network.address, network.prefix, network.family)
  }
  return list
}
