import type { Tenant } from '@sallyport/contracts/access_control/v1/directory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { user, userOf } from './users.ts'
import { momentOf, present, secretOf } from './wire.ts'

const draft = z.strictObject({
  name: name(64),
  description: line(1_000).default(''),
  administratorUserName: name(),
})

const change = z.strictObject({
  name: name(64).optional(),
  description: line(1_000).optional(),
  disabled: z.boolean().optional().describe('Disabling ends everything that its users have open'),
})

const tenant = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    disabled: z.boolean(),
    operator: z.boolean().describe('The operator’s own tenant'),
    version: z.int(),
    createdAt: momentReply,
  })
  .meta({ id: 'Tenant' })

const created = z.object({
  tenant,
  administrator: user,
  initialPassword: z.string().describe('Shown once; must be changed at first login'),
})

/** Tenants, for users of the operator's tenant. */
export const tenantEndpoints = ({
  tenants,
}: Pick<Upstreams, 'tenants'>): Endpoints<'createTenant' | 'listTenants' | 'getTenant' | 'updateTenant'> => ({
  createTenant: endpoint({
    summary: 'Creates a tenant and its first administrator',
    input: { body: draft },
    status: 201,
    reply: created,
    handle: async ({ body }, { to }) => {
      const answer = await tenants.createTenant(body, to('access-control'))
      return {
        tenant: tenantOf(answer.tenant),
        administrator: userOf(answer.administrator),
        initialPassword: secretOf(answer.initialPassword).secret,
      }
    },
  }),
  listTenants: endpoint({
    summary: 'Lists tenants',
    input: { query: onlyPage },
    reply: pageOf(tenant),
    handle: async ({ query }, { to }) => {
      const answer = await tenants.listTenants({ page: pageRequest(query) }, to('access-control'))
      return pageReply(answer.tenants, answer.page, tenantOf)
    },
  }),
  getTenant: endpoint({
    summary: 'Reads a tenant',
    input: { params: byId },
    reply: tenant,
    handle: async ({ params }, { to }) =>
      tenantOf((await tenants.getTenant(params, to('access-control'))).tenant),
  }),
  updateTenant: endpoint({
    summary: 'Renames, disables or enables a tenant',
    input: { params: byId, body: change },
    reply: tenant,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, ...body, version }
      return tenantOf((await tenants.updateTenant(request, to('access-control'))).tenant)
    },
  }),
})

const tenantOf = (message: Tenant | undefined): z.input<typeof tenant> => {
  const found = present(message)
  return { ...found, createdAt: momentOf(found.createdAt) }
}
