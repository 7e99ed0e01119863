import type { SshKey } from '@sallyport/contracts/access_control/v1/directory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name } from './fields.ts'
import { user, userOf } from './users.ts'
import { momentOf, present } from './wire.ts'

const password = z.string().min(1).max(1_024)

const me = z
  .object({
    user,
    tenantId: z.string(),
    permissions: z.array(z.string()),
    sessionId: z.string().describe('The login session or API token of this request'),
  })
  .meta({ id: 'Me' })

const sshKey = z
  .object({
    id: z.string(),
    name: z.string(),
    publicKey: z.string(),
    fingerprint: z.string(),
    createdAt: momentReply,
    lastUsedAt: momentReply,
  })
  .meta({ id: 'SshKey' })

/** One's own account: who one is, password, and SSH keys for the session proxy. */
export const accountEndpoints = ({
  users,
}: Pick<Upstreams, 'users'>): Endpoints<
  'getMe' | 'changePassword' | 'listSshKeys' | 'addSshKey' | 'removeSshKey'
> => ({
  getMe: endpoint({
    summary: 'Tells who is signed in, and with which permissions',
    reply: me,
    handle: async (_input, { to, principal }) => ({
      user: userOf((await users.getUser({ id: '' }, to('access-control'))).user),
      tenantId: principal.tenantId,
      permissions: [...principal.permissions],
      sessionId: principal.sessionId,
    }),
  }),
  changePassword: silentEndpoint({
    summary: 'Changes your password and ends your other logins',
    input: { body: z.strictObject({ currentPassword: password, newPassword: password }) },
    handle: async ({ body }, { to }) => {
      const request = {
        currentPassword: Buffer.from(body.currentPassword),
        newPassword: Buffer.from(body.newPassword),
      }
      await users.changePassword(request, to('access-control'))
    },
  }),
  listSshKeys: endpoint({
    summary: 'Lists your SSH public keys',
    reply: z.object({ items: z.array(sshKey) }),
    handle: async (_input, { to }) => ({
      items: (await users.listSshKeys({}, to('access-control'))).sshKeys.map(sshKeyOf),
    }),
  }),
  addSshKey: endpoint({
    summary: 'Registers an SSH public key for login at the session proxy',
    input: { body: z.strictObject({ name: name(), publicKey: line(16_384).min(16) }) },
    status: 201,
    reply: sshKey,
    handle: async ({ body }, { to }) => sshKeyOf((await users.addSshKey(body, to('access-control'))).sshKey),
  }),
  removeSshKey: silentEndpoint({
    summary: 'Removes one of your SSH public keys',
    input: { params: byId },
    handle: ({ params }, { to }) => users.removeSshKey(params, to('access-control')),
  }),
})

const sshKeyOf = (message: SshKey | undefined): z.input<typeof sshKey> => {
  const found = present(message)
  return { ...found, createdAt: momentOf(found.createdAt), lastUsedAt: momentOf(found.lastUsedAt) }
}
