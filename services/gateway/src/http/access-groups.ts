import type { AccessGroup, AccessGroupDefinition } from '@sallyport/contracts/access_control/v1/access'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import { actions, decision, decisionOf, rule, ruleOf, target, targetOf } from './decisions.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, id, ids, line, momentReply, name, whole } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const pattern = line(2_000).default('').describe('Comma list, `*` as wildcard; empty: everything')

const criteria = z.strictObject({
  deviceName: pattern,
  deviceAddress: pattern,
  deviceTags: pattern,
  deviceType: pattern,
  deviceSite: pattern,
  credentialUsername: line(2_000).default('').describe('May contain the mask `[#USERNAME#]`'),
  credentialTags: pattern,
  credentialType: pattern,
  credentialCriticality: pattern,
})

const ruleInput = z.strictObject({
  allowed: z.boolean(),
  justification: z.boolean().default(false),
  approvals: whole(0, 20).default(0).describe('How many approvals it takes'),
  maxWindowSeconds: whole(0, 31_536_000).default(0).describe('0: the default of 8 hours'),
})

const refusal = { allowed: false, justification: false, approvals: 0, maxWindowSeconds: 0 }

const definition = z.strictObject({
  name: name(),
  description: line(1_000).default(''),
  userIds: ids.default([]),
  userGroupIds: ids.default([]),
  criteria,
  view: ruleInput.default(refusal),
  session: ruleInput.default(refusal),
  approverUserIds: ids.default([]),
  approverGroupIds: ids.default([]),
})

const accessGroup = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    userIds: z.array(z.string()),
    userGroupIds: z.array(z.string()),
    criteria: z.object({
      deviceName: z.string(),
      deviceAddress: z.string(),
      deviceTags: z.string(),
      deviceType: z.string(),
      deviceSite: z.string(),
      credentialUsername: z.string(),
      credentialTags: z.string(),
      credentialType: z.string(),
      credentialCriticality: z.string(),
    }),
    view: rule,
    session: rule,
    approverUserIds: z.array(z.string()),
    approverGroupIds: z.array(z.string()),
    warnings: z.array(z.string()).describe('Things worth a second look'),
    version: z.int(),
    createdAt: momentReply,
    updatedAt: momentReply,
  })
  .meta({ id: 'AccessGroup' })

const preview = z.object({
  userNames: z.array(z.string()).describe('At most 200'),
  targets: z.array(target).describe('At most 200'),
  userCount: z.int(),
  targetCount: z.int(),
  warnings: z.array(z.string()),
})

const question = z.strictObject({ userId: id, credentialId: id, deviceId: id, action: actions.schema })

/** Access groups: which people may do what to which credentials, and why. */
export const accessGroupEndpoints = ({
  accessGroups: groups,
}: Pick<Upstreams, 'accessGroups'>): Endpoints<
  | 'createAccessGroup'
  | 'listAccessGroups'
  | 'previewAccessGroup'
  | 'getAccessGroup'
  | 'updateAccessGroup'
  | 'deleteAccessGroup'
  | 'explainAccess'
> => ({
  createAccessGroup: endpoint({
    summary: 'Creates an access group',
    input: { body: definition },
    status: 201,
    reply: accessGroup,
    handle: async ({ body }, { to }) => {
      const answer = await groups.createAccessGroup({ definition: body }, to('access-control'))
      return accessGroupOf(answer.accessGroup)
    },
  }),
  listAccessGroups: endpoint({
    summary: 'Lists access groups',
    input: { query: onlyPage },
    reply: pageOf(accessGroup),
    handle: async ({ query }, { to }) => {
      const answer = await groups.listAccessGroups({ page: pageRequest(query) }, to('access-control'))
      return pageReply(answer.accessGroups, answer.page, accessGroupOf)
    },
  }),
  previewAccessGroup: endpoint({
    summary: 'Tells which people and targets a definition would match, without saving it',
    input: { body: definition },
    reply: preview,
    handle: async ({ body }, { to }) => {
      const answer = await groups.previewAccessGroup({ definition: body }, to('access-control'))
      return { ...answer, targets: answer.targets.map(targetOf) }
    },
  }),
  getAccessGroup: endpoint({
    summary: 'Reads an access group',
    input: { params: byId },
    reply: accessGroup,
    handle: async ({ params }, { to }) =>
      accessGroupOf((await groups.getAccessGroup(params, to('access-control'))).accessGroup),
  }),
  updateAccessGroup: endpoint({
    summary: 'Replaces an access group’s definition; what it no longer allows ends',
    input: { params: byId, body: definition },
    reply: accessGroup,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, version, definition: body }
      return accessGroupOf((await groups.updateAccessGroup(request, to('access-control'))).accessGroup)
    },
  }),
  deleteAccessGroup: silentEndpoint({
    summary: 'Deletes an access group; what only it allowed ends',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      groups.deleteAccessGroup({ ...params, version }, to('access-control')),
  }),
  explainAccess: endpoint({
    summary: 'Tells why a user is allowed, asked or refused: which access group imposed what',
    input: { query: question },
    reply: decision,
    handle: async ({ query }, { to }) => {
      const request = { ...query, action: actions.toWire(query.action) }
      return decisionOf((await groups.explainAccess(request, to('access-control'))).decision)
    },
  }),
})

const accessGroupOf = (message: AccessGroup | undefined): z.input<typeof accessGroup> => {
  const found = present(message)
  const defined: AccessGroupDefinition = present(found.definition)
  return {
    ...defined,
    id: found.id,
    criteria: present(defined.criteria),
    view: ruleOf(defined.view),
    session: ruleOf(defined.session),
    warnings: found.warnings,
    version: found.version,
    createdAt: momentOf(found.createdAt),
    updatedAt: momentOf(found.updatedAt),
  }
}
