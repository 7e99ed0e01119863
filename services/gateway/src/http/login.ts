import {
  LoginChannel,
  type LoginStep,
  type SignedIn,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Exchange } from '../edge/exchange.ts'
import type { Endpoints } from './endpoint-table.ts'
import { momentReply, name } from './fields.ts'
import { momentOf, present } from './wire.ts'

const password = z
  .string()
  .min(1)
  .max(1_024)
  .refine(text => text.isWellFormed(), 'is not well formed')

const transport = z
  .enum(['cookie', 'token'])
  .default('cookie')
  .describe('Where the session token goes: into a cookie for browsers, or into this reply for programs')

const credentials = z.strictObject({
  tenant: name().default('default'),
  userName: name(),
  password,
  transport,
})

const nextAnswer = z
  .strictObject({
    challenge: z.string().regex(/^[\w.-]{16,4096}$/),
    totpCode: z
      .string()
      .regex(/^\d{6}$/)
      .optional()
      .describe('For the steps `totp` and `totp-enrolment`'),
    newPassword: password.optional().describe('For the step `password-change`'),
    transport,
  })
  .refine(
    ({ totpCode, newPassword }) => (totpCode === undefined) !== (newPassword === undefined),
    'needs exactly one of totpCode and newPassword',
  )

const challenge = z.string().describe('Send it back with the answer; it is good for one try and five minutes')

const step = z
  .discriminatedUnion('step', [
    z.object({ step: z.literal('password-change'), challenge }),
    z.object({
      step: z.literal('totp-enrolment'),
      challenge,
      uri: z.string().describe('To be shown as a QR code'),
    }),
    z.object({ step: z.literal('totp'), challenge }),
    z.object({
      step: z.literal('signed-in'),
      sessionId: z.string(),
      expiresAt: momentReply,
      tenantId: z.string(),
      userId: z.string(),
      userName: z.string(),
      token: z.string().optional().describe('Only with the transport `token`'),
    }),
  ])
  .meta({ id: 'LoginStep' })

type StepReply = z.input<typeof step>
type Transport = z.output<typeof transport>

/** Signing in, step by step, and out. */
export const loginEndpoints = ({
  authentication,
}: Pick<Upstreams, 'authentication'>): Endpoints<'logIn' | 'continueLogin' | 'logOut'> => ({
  logIn: endpoint({
    summary:
      'Checks a password and tells the next step; a wrong one, an unknown user and a locked account answer alike',
    input: { body: credentials },
    reply: step,
    handle: async ({ body }, exchange) => {
      const request = {
        tenant: body.tenant,
        userName: body.userName,
        password: Buffer.from(body.password),
        sourceAddress: exchange.sourceAddress,
        channel: LoginChannel.WEB,
      }
      const answer = await authentication.beginLogin(request, exchange.anonymously)
      request.password.fill(0)
      return stepOf(answer.step, body.transport, exchange)
    },
  }),
  continueLogin: endpoint({
    summary: 'Takes the next step: a one-time code, or a new password',
    input: { body: nextAnswer },
    reply: step,
    handle: async ({ body }, exchange) => {
      const request = {
        challenge: body.challenge,
        answer:
          body.newPassword === undefined
            ? ({ $case: 'totpCode', value: body.totpCode ?? '' } as const)
            : ({ $case: 'newPassword', value: Buffer.from(body.newPassword) } as const),
        sourceAddress: exchange.sourceAddress,
      }
      const answer = await authentication.continueLogin(request, exchange.anonymously)
      return stepOf(answer.step, body.transport, exchange)
    },
  }),
  logOut: silentEndpoint({
    summary: 'Signs out; everything that this login gave ends',
    handle: async (_input, { to, cookie }) => {
      await authentication.logOut({}, to('access-control'))
      cookie.clear()
    },
  }),
})

const stepOf = (message: LoginStep | undefined, transport: Transport, { cookie }: Exchange): StepReply => {
  const next = present(present(message).step)
  switch (next.$case) {
    case 'passwordChange':
      return { step: 'password-change', ...next.value }
    case 'totpEnrolment':
      return { step: 'totp-enrolment', ...next.value }
    case 'totp':
      return { step: 'totp', ...next.value }
    case 'signedIn':
      return signedIn(next.value, transport, cookie)
    default:
      // An unknown step is none that could be taken.
      throw new SallyportError('internal')
  }
}

const signedIn = (
  { sessionToken, expiresAt, ...who }: SignedIn,
  transport: Transport,
  cookie: Exchange['cookie'],
): StepReply => {
  if (transport === 'cookie') cookie.set(sessionToken, present(expiresAt))
  return {
    step: 'signed-in',
    ...who,
    expiresAt: momentOf(expiresAt),
    ...(transport === 'token' && { token: sessionToken }),
  }
}
