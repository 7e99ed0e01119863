import { type Destination, DestinationFormat } from '@sallyport/contracts/audit/v1/forwarding'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, momentReply, name, paragraph, textReply, whole } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { countOf, momentOf, present, textOf, wireEnum } from './wire.ts'

const formats = wireEnum([
  ['cef', DestinationFormat.CEF],
  ['ocsf', DestinationFormat.OCSF],
  ['ocsf-lines', DestinationFormat.OCSF_LINES],
])

const settings = {
  name: name(100),
  host: name(253).describe('A name or an IP address; the receiver’s certificate must be for it'),
  port: whole(1, 65_535).default(6_514),
  format: formats.schema.describe(
    '`cef`, `ocsf`: syslog (RFC 5424, framed as in RFC 5425) with such a message; `ocsf-lines`: JSON without syslog',
  ),
  authority: paragraph(65_536)
    .default('')
    .describe('PEM: whose certificates to trust; empty: those that Node trusts'),
  disabled: z.boolean().default(false),
}

const sequence = whole(1, Number.MAX_SAFE_INTEGER)

const destination = z
  .object({
    id: z.string(),
    name: z.string(),
    host: z.string(),
    port: z.int(),
    format: formats.schema,
    authority: z.string(),
    disabled: z.boolean(),
    position: z.int().describe('The receiver has read every record up to this one'),
    behind: z.int().describe('How many records it has not read yet'),
    deliveredAt: momentReply,
    failingSince: momentReply.describe('Since when nothing can be delivered'),
    failure: textReply,
    version: z.int(),
    createdAt: momentReply,
  })
  .meta({ id: 'AuditDestination' })

/** Where the trail is sent, over TLS. */
export const auditDestinationEndpoints = ({
  forwarding,
}: Pick<Upstreams, 'forwarding'>): Endpoints<
  | 'createAuditDestination'
  | 'listAuditDestinations'
  | 'getAuditDestination'
  | 'updateAuditDestination'
  | 'deleteAuditDestination'
  | 'replayAuditDestination'
> => ({
  createAuditDestination: endpoint({
    summary: 'Adds a receiver of the audit trail',
    input: {
      body: z.strictObject({
        ...settings,
        from: sequence.optional().describe('The first record to send; absent: the next one'),
      }),
    },
    status: 201,
    reply: destination,
    handle: async ({ body: { from = 0, ...body } }, { to }) => {
      const request = { settings: { ...body, format: formats.toWire(body.format) }, from: BigInt(from) }
      return destinationOf((await forwarding.createDestination(request, to('audit'))).destination)
    },
  }),
  listAuditDestinations: endpoint({
    summary: 'Lists receivers of the audit trail',
    input: { query: onlyPage },
    reply: pageOf(destination),
    handle: async ({ query }, { to }) => {
      const answer = await forwarding.listDestinations({ page: pageRequest(query) }, to('audit'))
      return pageReply(answer.destinations, answer.page, destinationOf)
    },
  }),
  getAuditDestination: endpoint({
    summary: 'Reads a receiver of the audit trail, and how far it is',
    input: { params: byId },
    reply: destination,
    handle: async ({ params }, { to }) =>
      destinationOf((await forwarding.getDestination(params, to('audit'))).destination),
  }),
  updateAuditDestination: endpoint({
    summary: 'Changes a receiver of the audit trail; it goes on where it was',
    input: { params: byId, body: z.strictObject(settings) },
    reply: destination,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, version, settings: { ...body, format: formats.toWire(body.format) } }
      return destinationOf((await forwarding.updateDestination(request, to('audit'))).destination)
    },
  }),
  deleteAuditDestination: silentEndpoint({
    summary: 'Removes a receiver of the audit trail',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      forwarding.deleteDestination({ ...params, version }, to('audit')),
  }),
  replayAuditDestination: endpoint({
    summary: 'Sends the audit trail again, from a record on',
    input: { params: byId, body: z.strictObject({ from: sequence }) },
    reply: destination,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, version, from: BigInt(body.from) }
      return destinationOf((await forwarding.replayDestination(request, to('audit'))).destination)
    },
  }),
})

const destinationOf = (message: Destination | undefined): z.input<typeof destination> => {
  const found = present(message)
  const { format, ...chosen } = present(found.settings)
  return {
    ...chosen,
    id: found.id,
    format: formats.toJson(format),
    position: countOf(found.position),
    behind: countOf(found.head - found.position),
    deliveredAt: momentOf(found.deliveredAt),
    failingSince: momentOf(found.failingSince),
    failure: textOf(found.failure),
    version: found.version,
    createdAt: momentOf(found.createdAt),
  }
}
