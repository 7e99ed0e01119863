import type { UserGroup } from '@sallyport/contracts/access_control/v1/directory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, ids, line, momentReply, name } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const draft = z.strictObject({ name: name(), description: line(1_000).default(''), userIds: ids.default([]) })

const change = z.strictObject({
  name: name().optional(),
  description: line(1_000).optional(),
  userIds: ids.optional().describe('What a removed member had through the group ends'),
})

const userGroup = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    userIds: z.array(z.string()),
    version: z.int(),
    createdAt: momentReply,
  })
  .meta({ id: 'UserGroup' })

/** Groups of users. */
export const userGroupEndpoints = ({
  userGroups: groups,
}: Pick<Upstreams, 'userGroups'>): Endpoints<
  'createUserGroup' | 'listUserGroups' | 'getUserGroup' | 'updateUserGroup' | 'deleteUserGroup'
> => ({
  createUserGroup: endpoint({
    summary: 'Creates a user group',
    input: { body: draft },
    status: 201,
    reply: userGroup,
    handle: async ({ body }, { to }) =>
      userGroupOf((await groups.createUserGroup(body, to('access-control'))).userGroup),
  }),
  listUserGroups: endpoint({
    summary: 'Lists user groups',
    input: { query: onlyPage },
    reply: pageOf(userGroup),
    handle: async ({ query }, { to }) => {
      const answer = await groups.listUserGroups({ page: pageRequest(query) }, to('access-control'))
      return pageReply(answer.userGroups, answer.page, userGroupOf)
    },
  }),
  getUserGroup: endpoint({
    summary: 'Reads a user group',
    input: { params: byId },
    reply: userGroup,
    handle: async ({ params }, { to }) =>
      userGroupOf((await groups.getUserGroup(params, to('access-control'))).userGroup),
  }),
  updateUserGroup: endpoint({
    summary: 'Changes a user group',
    input: { params: byId, body: change },
    reply: userGroup,
    handle: async ({ params, body: { userIds, ...texts } }, { version, to }) => {
      const request = { ...params, ...texts, version, users: userIds && { ids: userIds } }
      return userGroupOf((await groups.updateUserGroup(request, to('access-control'))).userGroup)
    },
  }),
  deleteUserGroup: silentEndpoint({
    summary: 'Deletes a user group; what its members had through it ends',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      groups.deleteUserGroup({ ...params, version }, to('access-control')),
  }),
})

const userGroupOf = (message: UserGroup | undefined): z.input<typeof userGroup> => {
  const found = present(message)
  return { ...found, createdAt: momentOf(found.createdAt) }
}
