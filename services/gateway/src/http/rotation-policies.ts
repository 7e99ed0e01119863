import type { RotationPolicy } from '@sallyport/contracts/execution/v1/execution'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, momentReply, textReply, whole } from './fields.ts'
import { operation, operationOf } from './operations.ts'
import { momentOf, present, textOf } from './wire.ts'

const draft = z.strictObject({
  deviceId: id,
  templateId: id,
  privilegedCredentialId: id.nullish().describe('The account that signs in for the change; absent: itself'),
  afterReveal: z.boolean().default(false),
  afterSession: z.boolean().default(false),
  afterWindow: z.boolean().default(false),
  maxAttempts: whole(0, 100).default(0).describe('0: the default of 5'),
})

const policy = z
  .object({
    credentialId: z.string(),
    deviceId: z.string(),
    templateId: z.string(),
    privilegedCredentialId: textReply,
    afterReveal: z.boolean(),
    afterSession: z.boolean(),
    afterWindow: z.boolean(),
    maxAttempts: z.int(),
    version: z.int(),
    updatedAt: momentReply,
  })
  .meta({ id: 'RotationPolicy' })

/** How and when a credential's password is changed; and changing it now. */
export const rotationPolicyEndpoints = ({
  rotationPolicies: policies,
  operations,
}: Pick<Upstreams, 'rotationPolicies' | 'operations'>): Endpoints<
  'getRotationPolicy' | 'putRotationPolicy' | 'deleteRotationPolicy' | 'requestRotation'
> => ({
  getRotationPolicy: endpoint({
    summary: 'Reads a credential’s rotation policy',
    input: { params: byId },
    reply: policy,
    handle: async ({ params }, { to }) => {
      const answer = await policies.getRotationPolicy({ credentialId: params.id }, to('execution'))
      return policyOf(answer.rotationPolicy)
    },
  }),
  putRotationPolicy: endpoint({
    summary: 'Makes or replaces a credential’s rotation policy',
    input: { params: byId, body: draft },
    reply: policy,
    handle: async ({ params, body }, { version, to }) => {
      const privilegedCredentialId = body.privilegedCredentialId ?? ''
      const request = { ...body, credentialId: params.id, version, privilegedCredentialId }
      return policyOf((await policies.putRotationPolicy(request, to('execution'))).rotationPolicy)
    },
  }),
  deleteRotationPolicy: silentEndpoint({
    summary: 'Removes a credential’s rotation policy; running operations end normally',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      policies.deleteRotationPolicy({ credentialId: params.id, version }, to('execution')),
  }),
  requestRotation: endpoint({
    summary: 'Orders a password change now',
    input: { params: byId },
    status: 202,
    reply: operation,
    handle: async ({ params }, { to }) =>
      operationOf((await operations.requestRotation({ credentialId: params.id }, to('execution'))).operation),
  }),
})

const policyOf = (message: RotationPolicy | undefined): z.input<typeof policy> => {
  const found = present(message)
  return {
    ...found,
    privilegedCredentialId: textOf(found.privilegedCredentialId),
    updatedAt: momentOf(found.updatedAt),
  }
}
