import { parseAddress } from './address.ts'
import { invalid } from './invalid.ts'
import { parseTags } from './tags.ts'
import { parseName, parseWord } from './text.ts'

export type Connectivity = { protocol: 'ssh'; port: number }

/** What a person says about a device, in normal form. */
export type DeviceAttributes = {
  name: string
  address: string
  type: string
  site: string
  tags: string[]
  connectivities: Connectivity[]
}

/** The same as it arrives. */
export type DeviceInput = {
  name: string
  address: string
  type: string
  site: string
  tags: readonly string[]
  connectivities: readonly { protocol: string; port: number }[]
}

const MAX_CONNECTIVITIES = 20

/** Throws `request.invalid`, naming the field. */
export const parseDevice = (input: DeviceInput): DeviceAttributes => ({
  name: parseDeviceName(input.name),
  address: parseAddress('address', input.address),
  type: parseWord('type', input.type),
  site: parseName('site', input.site, { max: 128, optional: true }),
  tags: parseTags('tags', input.tags),
  connectivities: parseConnectivities(input.connectivities),
})

/** True if something that access criteria look at differs. */
export const criteriaDiffer = (a: DeviceAttributes, b: DeviceAttributes): boolean =>
  a.name !== b.name ||
  a.address !== b.address ||
  a.type !== b.type ||
  a.site !== b.site ||
  a.tags.join() !== b.tags.join()

/**
 * The ports whose pinned host keys stay valid after an update.
 * A key was pinned for a port at an address: at another address it proves nothing.
 */
export const portsStillPinned = (before: DeviceAttributes, after: DeviceAttributes): number[] =>
  before.address === after.address ? after.connectivities.map(({ port }) => port) : []

const parseDeviceName = (text: string): string => {
  const name = parseName('name', text, { max: 128 })
  if (name.includes('@')) throw invalid('name', 'must not contain @')
  return name
}

const parseConnectivities = (
  connectivities: readonly { protocol: string; port: number }[],
): Connectivity[] => {
  if (connectivities.length > MAX_CONNECTIVITIES)
    throw invalid('connectivities', `must be at most ${MAX_CONNECTIVITIES}`)
  const parsed = connectivities.map(({ protocol, port }): Connectivity => {
    if (protocol !== 'ssh') throw invalid('connectivities', 'must have the protocol "ssh"')
    return { protocol, port: parsePort('connectivities', port) }
  })
  if (new Set(parsed.map(({ port }) => port)).size !== parsed.length)
    throw invalid('connectivities', 'must not name a port twice')
  return parsed.toSorted((a, b) => a.port - b.port)
}

export const parsePort = (field: string, port: number): number => {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid(field, 'must have a port 1 to 65535')
  return port
}
