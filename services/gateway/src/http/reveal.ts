import { Action } from '@sallyport/contracts/access_control/v1/access'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import { secretKinds } from './credentials.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, momentReply, textReply } from './fields.ts'
import { momentOf, secretOf, secretReply, textOf } from './wire.ts'

const ticket = z
  .object({
    ticket: z.string().describe('Redeem it once, before it expires'),
    expiresAt: momentReply,
    showSeconds: z.int().describe('How long a screen may show the secret'),
    custodyId: textReply.describe('Set when the credential is now in your custody'),
    grantId: z.string(),
  })
  .meta({ id: 'RevealTicket' })

const revealed = z
  .object({ kind: secretKinds.schema, versionNumber: z.int(), ...secretReply })
  .meta({ id: 'RevealedSecret' })

/** Seeing a secret, in two steps: a decision with its ticket, and the secret for the ticket, once. */
export const revealEndpoints = ({
  grants,
  secrets,
}: Pick<Upstreams, 'grants' | 'secrets'>): Endpoints<'revealCredential' | 'redeemRevealTicket'> => ({
  revealCredential: endpoint({
    summary: 'Decides whether you may see the secret, and gives a ticket for it',
    input: { params: byId, body: z.strictObject({ deviceId: id }) },
    status: 201,
    reply: ticket,
    handle: async ({ params, body }, { to, sourceAddress }) => {
      const wanted = { credentialId: params.id, deviceId: body.deviceId, action: Action.VIEW, sourceAddress }
      const { statement, grant } = await grants.issueGrant(wanted, to('access-control'))
      const answer = await secrets.createRevealTicket({ statement }, to('vault'))
      return {
        ticket: answer.ticket,
        expiresAt: momentOf(answer.expiresAt),
        showSeconds: answer.showSeconds,
        custodyId: textOf(answer.custodyId),
        grantId: grant?.id ?? '',
      }
    },
  }),
  redeemRevealTicket: endpoint({
    summary: 'Shows the secret, once, to the person whom the ticket was made for',
    input: { body: z.strictObject({ ticket: z.string().regex(/^[\w.-]{16,4096}$/) }) },
    reply: revealed,
    handle: async ({ body }, { to }) => {
      const { kind, versionNumber, secret } = await secrets.redeemRevealTicket(body, to('vault'))
      return { kind: secretKinds.toJson(kind), versionNumber, ...secretOf(secret) }
    },
  }),
})
