import type { Custody } from '@sallyport/contracts/vault/v1/secrets'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, flagText, momentReply, name, textReply } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present, textOf } from './wire.ts'

const filters = z.strictObject({
  ...pageQuery,
  all: flagText.optional().describe('Everybody’s; needs the permission `custody.read`'),
  live: flagText.optional().describe('Only those that have not ended'),
})

const custody = z
  .object({
    id: z.string(),
    credentialId: z.string(),
    credentialName: z.string(),
    holderUserId: z.string(),
    holderUserName: z.string(),
    since: momentReply,
    until: momentReply,
    endedAt: momentReply,
    endedReason: textReply.describe('`checked-in`, `forced`, `expired` or `revoked`'),
    requestId: textReply,
  })
  .meta({ id: 'Custody' })

/** Exclusive possession of credentials. */
export const custodyEndpoints = ({
  custodies,
}: Pick<Upstreams, 'custodies'>): Endpoints<'listCustodies' | 'checkIn' | 'forceCheckIn'> => ({
  listCustodies: endpoint({
    summary: 'Lists custodies: your own, or everybody’s',
    input: { query: filters },
    reply: pageOf(custody),
    handle: async ({ query }, { to }) => {
      const request = { page: pageRequest(query), all: query.all ?? false, liveOnly: query.live ?? false }
      const answer = await custodies.listCustodies(request, to('vault'))
      return pageReply(answer.custodies, answer.page, custodyOf)
    },
  }),
  checkIn: endpoint({
    summary: 'Gives back what you hold; its password will be changed',
    input: { params: byId },
    reply: custody,
    handle: async ({ params }, { to }) => custodyOf((await custodies.checkIn(params, to('vault'))).custody),
  }),
  forceCheckIn: endpoint({
    summary: 'Takes a credential back from whoever holds it; its password will be changed',
    input: { params: byId, body: z.strictObject({ reason: name(500) }) },
    reply: custody,
    handle: async ({ params, body }, { to }) =>
      custodyOf((await custodies.forceCheckIn({ ...params, ...body }, to('vault'))).custody),
  }),
})

const custodyOf = (message: Custody | undefined): z.input<typeof custody> => {
  const found = present(message)
  return {
    ...found,
    since: momentOf(found.since),
    until: momentOf(found.until),
    endedAt: momentOf(found.endedAt),
    endedReason: textOf(found.endedReason),
    requestId: textOf(found.requestId),
  }
}
