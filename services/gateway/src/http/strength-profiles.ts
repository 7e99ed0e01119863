import type { StrengthProfile, StrengthRules } from '@sallyport/contracts/vault/v1/inventory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name, whole } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const rules = z.strictObject({
  length: whole(1, 1_024),
  minUpper: whole(0, 1_024).default(0),
  minLower: whole(0, 1_024).default(0),
  minDigits: whole(0, 1_024).default(0),
  minSymbols: whole(0, 1_024).default(0),
  forbidden: line(200).default('').describe('Characters that a target refuses'),
})

const rulesReply = z.object({
  length: z.int(),
  minUpper: z.int(),
  minLower: z.int(),
  minDigits: z.int(),
  minSymbols: z.int(),
  forbidden: z.string(),
})

const profile = z
  .object({
    id: z.string(),
    name: z.string(),
    rules: rulesReply,
    entropyBits: z.number().describe('Of a password made by it'),
    version: z.int(),
    createdAt: momentReply,
  })
  .meta({ id: 'StrengthProfile' })

/** The rules by which passwords are made. */
export const strengthProfileEndpoints = ({
  strengthProfiles: profiles,
}: Pick<Upstreams, 'strengthProfiles'>): Endpoints<
  | 'createStrengthProfile'
  | 'listStrengthProfiles'
  | 'getStrengthProfile'
  | 'updateStrengthProfile'
  | 'deleteStrengthProfile'
> => ({
  createStrengthProfile: endpoint({
    summary: 'Creates a strength profile',
    input: { body: z.strictObject({ name: name(), rules }) },
    status: 201,
    reply: profile,
    handle: async ({ body }, { to }) =>
      profileOf((await profiles.createStrengthProfile(body, to('vault'))).strengthProfile),
  }),
  listStrengthProfiles: endpoint({
    summary: 'Lists strength profiles',
    input: { query: onlyPage },
    reply: pageOf(profile),
    handle: async ({ query }, { to }) => {
      const answer = await profiles.listStrengthProfiles({ page: pageRequest(query) }, to('vault'))
      return pageReply(answer.strengthProfiles, answer.page, profileOf)
    },
  }),
  getStrengthProfile: endpoint({
    summary: 'Reads a strength profile',
    input: { params: byId },
    reply: profile,
    handle: async ({ params }, { to }) =>
      profileOf((await profiles.getStrengthProfile(params, to('vault'))).strengthProfile),
  }),
  updateStrengthProfile: endpoint({
    summary: 'Changes a strength profile',
    input: { params: byId, body: z.strictObject({ name: name().optional(), rules: rules.optional() }) },
    reply: profile,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, version, name: body.name, rules: body.rules }
      return profileOf((await profiles.updateStrengthProfile(request, to('vault'))).strengthProfile)
    },
  }),
  deleteStrengthProfile: silentEndpoint({
    summary: 'Deletes a strength profile that no credential uses',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      profiles.deleteStrengthProfile({ ...params, version }, to('vault')),
  }),
})

const profileOf = (message: StrengthProfile | undefined): z.input<typeof profile> => {
  const found = present(message)
  const foundRules: StrengthRules = present(found.rules)
  return { ...found, rules: foundRules, createdAt: momentOf(found.createdAt) }
}
