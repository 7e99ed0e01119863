import type { Role } from '@sallyport/contracts/access_control/v1/directory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const permissionIds = z.array(name(64)).max(200)

const draft = z.strictObject({
  name: name(),
  description: line(1_000).default(''),
  permissions: permissionIds,
})

const change = z.strictObject({
  name: name().optional(),
  description: line(1_000).optional(),
  permissions: permissionIds.optional(),
})

const role = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    permissions: z.array(z.string()),
    builtIn: z.boolean().describe('Built-in roles cannot be changed'),
    version: z.int(),
    createdAt: momentReply,
  })
  .meta({ id: 'Role' })

const permission = z.object({ id: z.string(), description: z.string() }).meta({ id: 'Permission' })

/** Roles, and the catalogue of permissions that they are made of. */
export const roleEndpoints = ({
  roles,
}: Pick<Upstreams, 'roles'>): Endpoints<
  'listPermissions' | 'createRole' | 'listRoles' | 'getRole' | 'updateRole' | 'deleteRole'
> => ({
  listPermissions: endpoint({
    summary: 'Lists all permissions that there are',
    reply: z.object({ items: z.array(permission) }),
    handle: async (_input, { to }) => ({
      items: (await roles.listPermissions({}, to('access-control'))).permissions,
    }),
  }),
  createRole: endpoint({
    summary: 'Creates a role',
    input: { body: draft },
    status: 201,
    reply: role,
    handle: async ({ body }, { to }) => roleOf((await roles.createRole(body, to('access-control'))).role),
  }),
  listRoles: endpoint({
    summary: 'Lists roles, built-in ones included',
    input: { query: onlyPage },
    reply: pageOf(role),
    handle: async ({ query }, { to }) => {
      const answer = await roles.listRoles({ page: pageRequest(query) }, to('access-control'))
      return pageReply(answer.roles, answer.page, roleOf)
    },
  }),
  getRole: endpoint({
    summary: 'Reads a role',
    input: { params: byId },
    reply: role,
    handle: async ({ params }, { to }) => roleOf((await roles.getRole(params, to('access-control'))).role),
  }),
  updateRole: endpoint({
    summary: 'Changes a role',
    input: { params: byId, body: change },
    reply: role,
    handle: async ({ params, body: { permissions, ...texts } }, { version, to }) => {
      const request = { ...params, ...texts, version, permissions: permissions && { ids: permissions } }
      return roleOf((await roles.updateRole(request, to('access-control'))).role)
    },
  }),
  deleteRole: silentEndpoint({
    summary: 'Deletes a role that nobody has',
    input: { params: byId },
    handle: ({ params }, { version, to }) => roles.deleteRole({ ...params, version }, to('access-control')),
  }),
})

const roleOf = (message: Role | undefined): z.input<typeof role> => {
  const found = present(message)
  return { ...found, createdAt: momentOf(found.createdAt) }
}
