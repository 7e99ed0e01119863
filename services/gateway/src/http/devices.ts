import type {
  Device as DeviceMessage,
  HostKey as HostKeyMessage,
} from '@sallyport/contracts/vault/v1/inventory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name, whole, words } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const port = whole(1, 65_535)

const connectivity = z.strictObject({ protocol: z.enum(['ssh']), port })

const draft = z.strictObject({
  name: name(),
  address: name(253).describe('A DNS name or an IP address'),
  type: name(64).describe('Such as `linux-server`'),
  site: line(100).default(''),
  tags: words.default([]),
  connectivities: z.array(connectivity).min(1).max(20),
})

const change = z.strictObject({
  name: name().optional(),
  address: name(253).optional(),
  type: name(64).optional(),
  site: line(100).optional(),
  tags: words.optional(),
  connectivities: z.array(connectivity).min(1).max(20).optional(),
})

const filters = z.strictObject({
  ...pageQuery,
  search: line(200).default('').describe('Part of the name or address'),
  tag: line(100).default(''),
  type: line(64).default(''),
  site: line(100).default(''),
})

const hostKey = z.object({
  port: z.int(),
  algorithm: z.string(),
  fingerprint: z.string().describe('`SHA256:…`, as `ssh-keygen -l` prints it'),
  publicKey: z.string().describe('SSH wire format, base64'),
  pinnedAt: momentReply,
})

const device = z
  .object({
    id: z.string(),
    name: z.string(),
    address: z.string(),
    type: z.string(),
    site: z.string(),
    tags: z.array(z.string()),
    connectivities: z.array(z.object({ protocol: z.string(), port: z.int() })),
    hostKeys: z.array(hostKey).describe('Only these are accepted; none: nothing can connect'),
    version: z.int(),
    createdAt: momentReply,
    updatedAt: momentReply,
  })
  .meta({ id: 'Device' })

const pins = z.strictObject({
  port,
  publicKeys: z.array(z.base64().min(16).max(8_192)).max(20).describe('SSH wire format, base64; none: unpin'),
})

const scannedKey = z.object({
  algorithm: z.string(),
  fingerprint: z.string(),
  publicKey: z.string(),
  pinned: z.boolean(),
})

/** Devices, and the host keys that they must prove. */
export const deviceEndpoints = ({
  devices,
  hostKeys,
}: Pick<Upstreams, 'devices' | 'hostKeys'>): Endpoints<
  | 'createDevice'
  | 'listDevices'
  | 'getDevice'
  | 'updateDevice'
  | 'deleteDevice'
  | 'pinHostKeys'
  | 'scanHostKeys'
> => ({
  createDevice: endpoint({
    summary: 'Creates a device',
    input: { body: draft },
    status: 201,
    reply: device,
    handle: async ({ body }, { to }) => deviceOf((await devices.createDevice(body, to('vault'))).device),
  }),
  listDevices: endpoint({
    summary: 'Lists devices',
    input: { query: filters },
    reply: pageOf(device),
    handle: async ({ query: { search, tag, type, site, ...page } }, { to }) => {
      const request = { page: pageRequest(page), search, tag, type, site }
      const answer = await devices.listDevices(request, to('vault'))
      return pageReply(answer.devices, answer.page, deviceOf)
    },
  }),
  getDevice: endpoint({
    summary: 'Reads a device',
    input: { params: byId },
    reply: device,
    handle: async ({ params }, { to }) => deviceOf((await devices.getDevice(params, to('vault'))).device),
  }),
  updateDevice: endpoint({
    summary: 'Changes a device; a new address or port forgets the host keys pinned for it',
    input: { params: byId, body: change },
    reply: device,
    handle: async ({ params, body: { tags, connectivities, ...texts } }, { version, to }) => {
      const request = {
        ...params,
        ...texts,
        version,
        tags: tags && { values: tags },
        connectivities: connectivities && { values: connectivities },
      }
      return deviceOf((await devices.updateDevice(request, to('vault'))).device)
    },
  }),
  deleteDevice: silentEndpoint({
    summary: 'Deletes a device that no credential uses',
    input: { params: byId },
    handle: ({ params }, { version, to }) => devices.deleteDevice({ ...params, version }, to('vault')),
  }),
  pinHostKeys: endpoint({
    summary: 'Replaces the host keys that the device must prove on one port',
    input: { params: byId, body: pins },
    reply: device,
    handle: async ({ params, body }, { version, to }) => {
      const publicKeys = body.publicKeys.map(key => Buffer.from(key, 'base64'))
      const request = { ...params, version, port: body.port, publicKeys }
      return deviceOf((await devices.pinHostKeys(request, to('vault'))).device)
    },
  }),
  scanHostKeys: endpoint({
    summary: 'Connects to the device and tells which host keys it shows now; pins nothing',
    input: { params: byId, body: z.strictObject({ port }) },
    reply: z.object({ items: z.array(scannedKey) }),
    handle: async ({ params, body }, { to }) => {
      const request = { deviceId: params.id, port: body.port, vaultCallerToken: to('vault').callerToken }
      const answer = await hostKeys.scanHostKeys(request, to('execution'))
      return { items: answer.hostKeys.map(key => ({ ...key, publicKey: key.publicKey.toString('base64') })) }
    },
  }),
})

const deviceOf = (message: DeviceMessage | undefined): z.input<typeof device> => {
  const { createdAt, updatedAt, ...same } = present(message)
  return {
    ...same,
    hostKeys: same.hostKeys.map(hostKeyOf),
    createdAt: momentOf(createdAt),
    updatedAt: momentOf(updatedAt),
  }
}

const hostKeyOf = ({ publicKey, pinnedAt, ...same }: HostKeyMessage): z.input<typeof hostKey> => ({
  ...same,
  publicKey: publicKey.toString('base64'),
  pinnedAt: momentOf(pinnedAt),
})
