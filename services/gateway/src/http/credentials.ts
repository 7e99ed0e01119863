import {
  type Credential as CredentialMessage,
  Criticality,
  SecretKind,
  type SecretVersion,
  VersionState,
} from '@sallyport/contracts/vault/v1/inventory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, ids, line, momentReply, name, paragraph, textReply, words } from './fields.ts'
import { onlyPage, pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { cleared, momentOf, present, secretInput, textOf, wireEnum } from './wire.ts'

/** The kinds of secret, in JSON and on the wire. */
export const secretKinds: ReturnType<typeof wireEnum<'password' | 'ssh-key', SecretKind>> = wireEnum([
  ['password', SecretKind.PASSWORD],
  ['ssh-key', SecretKind.SSH_KEY],
])

const criticalities = wireEnum([
  ['low', Criticality.LOW],
  ['medium', Criticality.MEDIUM],
  ['high', Criticality.HIGH],
])

const versionStates = wireEnum([
  ['candidate', VersionState.CANDIDATE],
  ['current', VersionState.CURRENT],
  ['retired', VersionState.RETIRED],
  ['abandoned', VersionState.ABANDONED],
])

const credentialTypes = z.enum(['local-user', 'local-admin', 'domain-user', 'domain-admin', 'application'])

const draft = z.strictObject({
  username: name(),
  domain: line(253).default(''),
  type: credentialTypes,
  secretKind: secretKinds.schema,
  deviceIds: ids.min(1).describe('The devices on which it is valid'),
  tags: words.default([]),
  criticality: criticalities.schema.default('medium'),
  notes: paragraph(10_000).default(''),
  ownerUserId: id.nullish(),
  parentCredentialId: id.nullish(),
  strengthProfileId: id.nullish(),
  exclusiveCustody: z.boolean().default(false).describe('Only one person at a time may know it'),
  initialSecret: secretInput.optional().describe('Its first secret; it is never in a reply'),
})

const change = z.strictObject({
  username: name().optional(),
  domain: line(253).optional(),
  type: credentialTypes.optional(),
  deviceIds: ids.min(1).optional(),
  tags: words.optional(),
  criticality: criticalities.schema.optional(),
  notes: paragraph(10_000).optional(),
  ownerUserId: id.nullable().optional(),
  parentCredentialId: id.nullable().optional(),
  strengthProfileId: id.nullable().optional(),
  exclusiveCustody: z.boolean().optional(),
})

const filters = z.strictObject({
  ...pageQuery,
  search: line(200).default('').describe('Part of the username, the domain or a device’s name'),
  deviceId: id.or(z.literal('')).default(''),
  tag: line(100).default(''),
  type: line(64).default(''),
})

const credential = z
  .object({
    id: z.string(),
    username: z.string(),
    domain: z.string(),
    type: z.string(),
    secretKind: secretKinds.schema,
    deviceIds: z.array(z.string()),
    tags: z.array(z.string()),
    criticality: criticalities.schema,
    notes: z.string(),
    ownerUserId: textReply,
    parentCredentialId: textReply,
    strengthProfileId: textReply,
    exclusiveCustody: z.boolean(),
    currentVersion: z.int().describe('0: no secret yet'),
    secretChangedAt: momentReply,
    exposedSince: momentReply.describe('Set when somebody saw the secret since it was last changed'),
    version: z.int(),
    createdAt: momentReply,
    updatedAt: momentReply,
  })
  .meta({ id: 'Credential' })

const secretVersion = z
  .object({
    number: z.int(),
    state: versionStates.schema,
    createdAt: momentReply,
    promotedAt: momentReply,
    createdByUserId: textReply,
    operationId: textReply,
  })
  .meta({ id: 'SecretVersion' })

/** Credentials without their secrets; a secret can be set here, and not be read. */
export const credentialEndpoints = ({
  credentials,
}: Pick<Upstreams, 'credentials'>): Endpoints<
  | 'createCredential'
  | 'listCredentials'
  | 'getCredential'
  | 'updateCredential'
  | 'deleteCredential'
  | 'setSecret'
  | 'listVersions'
> => ({
  createCredential: endpoint({
    summary: 'Creates a credential',
    input: { body: draft },
    status: 201,
    reply: credential,
    handle: async ({ body }, { to }) => {
      const { initialSecret, ...attributes } = body
      const request = {
        ...attributes,
        secretKind: secretKinds.toWire(body.secretKind),
        criticality: criticalities.toWire(body.criticality),
        ownerUserId: body.ownerUserId ?? '',
        parentCredentialId: body.parentCredentialId ?? '',
        strengthProfileId: body.strengthProfileId ?? '',
        secret: initialSecret ?? Buffer.alloc(0),
      }
      const answer = await credentials.createCredential(request, to('vault'))
      request.secret.fill(0)
      return credentialOf(answer.credential)
    },
  }),
  listCredentials: endpoint({
    summary: 'Lists credentials',
    input: { query: filters },
    reply: pageOf(credential),
    handle: async ({ query: { limit, cursor, ...filter } }, { to }) => {
      const request = { page: pageRequest({ limit, cursor }), ...filter }
      const answer = await credentials.listCredentials(request, to('vault'))
      return pageReply(answer.credentials, answer.page, credentialOf)
    },
  }),
  getCredential: endpoint({
    summary: 'Reads a credential',
    input: { params: byId },
    reply: credential,
    handle: async ({ params }, { to }) =>
      credentialOf((await credentials.getCredential(params, to('vault'))).credential),
  }),
  updateCredential: endpoint({
    summary: 'Changes a credential’s attributes',
    input: { params: byId, body: change },
    reply: credential,
    handle: async ({ params, body }, { version, to }) => {
      const request = {
        ...params,
        ...body,
        version,
        deviceIds: body.deviceIds && { values: body.deviceIds },
        tags: body.tags && { values: body.tags },
        criticality: body.criticality && criticalities.toWire(body.criticality),
        ownerUserId: cleared(body.ownerUserId),
        parentCredentialId: cleared(body.parentCredentialId),
        strengthProfileId: cleared(body.strengthProfileId),
      }
      return credentialOf((await credentials.updateCredential(request, to('vault'))).credential)
    },
  }),
  deleteCredential: silentEndpoint({
    summary: 'Deletes a credential with all its versions; what was granted on it ends',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      credentials.deleteCredential({ ...params, version }, to('vault')),
  }),
  setSecret: endpoint({
    summary: 'Stores a new secret; the target is not touched',
    input: { params: byId, body: secretInput },
    reply: credential,
    handle: async ({ params, body: secret }, { version, to }) => {
      const answer = await credentials.setSecret({ ...params, version, secret }, to('vault'))
      secret.fill(0)
      return credentialOf(answer.credential)
    },
  }),
  listVersions: endpoint({
    summary: 'Lists the versions of a credential’s secret, newest first, without the secrets',
    input: { params: byId, query: onlyPage },
    reply: pageOf(secretVersion),
    handle: async ({ params, query }, { to }) => {
      const request = { credentialId: params.id, page: pageRequest(query) }
      const answer = await credentials.listVersions(request, to('vault'))
      return pageReply(answer.versions, answer.page, versionOf)
    },
  }),
})

const credentialOf = (message: CredentialMessage | undefined): z.input<typeof credential> => {
  const found = present(message)
  return {
    ...found,
    secretKind: secretKinds.toJson(found.secretKind),
    criticality: criticalities.toJson(found.criticality),
    ownerUserId: textOf(found.ownerUserId),
    parentCredentialId: textOf(found.parentCredentialId),
    strengthProfileId: textOf(found.strengthProfileId),
    secretChangedAt: momentOf(found.secretChangedAt),
    exposedSince: momentOf(found.exposedSince),
    createdAt: momentOf(found.createdAt),
    updatedAt: momentOf(found.updatedAt),
  }
}

const versionOf = (message: SecretVersion): z.input<typeof secretVersion> => ({
  ...message,
  state: versionStates.toJson(message.state),
  createdAt: momentOf(message.createdAt),
  promotedAt: momentOf(message.promotedAt),
  createdByUserId: textOf(message.createdByUserId),
  operationId: textOf(message.operationId),
})
