import { type KeyRotation, KeyRotationState, KeyScope } from '@sallyport/contracts/vault/v1/secrets'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, momentReply } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { countOf, momentOf, present, wireEnum } from './wire.ts'

const scopes = wireEnum([
  ['root', KeyScope.ROOT],
  ['tenant', KeyScope.TENANT],
])

const states = wireEnum([
  ['running', KeyRotationState.RUNNING],
  ['done', KeyRotationState.DONE],
  ['failed', KeyRotationState.FAILED],
])

const rotation = z
  .object({
    id: z.string(),
    scope: scopes.schema,
    state: states.schema,
    rewrapped: z.int(),
    total: z.int(),
    startedAt: momentReply,
    endedAt: momentReply,
  })
  .meta({ id: 'KeyRotation' })

/** Rotations of encryption keys, and of the keys that sign caller tokens and grants. */
export const keyRotationEndpoints = ({
  keys,
  authentication,
}: Pick<Upstreams, 'keys' | 'authentication'>): Endpoints<
  'startKeyRotation' | 'listKeyRotations' | 'getKeyRotation' | 'rotateSigningKeys'
> => ({
  startKeyRotation: endpoint({
    summary: 'Starts a rotation of the root key or of your tenant’s key',
    input: { body: z.strictObject({ scope: scopes.schema }) },
    status: 202,
    reply: rotation,
    handle: async ({ body }, { to }) => {
      const answer = await keys.startKeyRotation({ scope: scopes.toWire(body.scope) }, to('vault'))
      return rotationOf(answer.keyRotation)
    },
  }),
  listKeyRotations: endpoint({
    summary: 'Lists key rotations, newest first',
    input: { query: onlyPage },
    reply: pageOf(rotation),
    handle: async ({ query }, { to }) => {
      const answer = await keys.listKeyRotations({ page: pageRequest(query) }, to('vault'))
      return pageReply(answer.keyRotations, answer.page, rotationOf)
    },
  }),
  getKeyRotation: endpoint({
    summary: 'Tells how far a key rotation is',
    input: { params: byId },
    reply: rotation,
    handle: async ({ params }, { to }) =>
      rotationOf((await keys.getKeyRotation(params, to('vault'))).keyRotation),
  }),
  rotateSigningKeys: endpoint({
    summary:
      'Makes new keys that sign caller tokens and grants; the old ones verify until all they signed has expired',
    reply: z.object({ callerTokenKeyId: z.string(), grantKeyId: z.string() }),
    handle: (_input, { to }) => authentication.rotateSigningKeys({}, to('access-control')),
  }),
})

const rotationOf = (message: KeyRotation | undefined): z.input<typeof rotation> => {
  const found = present(message)
  return {
    id: found.id,
    scope: scopes.toJson(found.scope),
    state: states.toJson(found.state),
    rewrapped: countOf(found.rewrapped),
    total: countOf(found.total),
    startedAt: momentOf(found.startedAt),
    endedAt: momentOf(found.endedAt),
  }
}
