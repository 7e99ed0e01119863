import type { User } from '@sallyport/contracts/access_control/v1/directory'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, ids, line, momentReply, name } from './fields.ts'
import { pageOf, pageQuery, pageReply, pageRequest } from './pages.ts'
import { momentOf, present, secretOf } from './wire.ts'

const draft = z.strictObject({
  userName: name(),
  displayName: line(200).default(''),
  email: line(320).default(''),
  roleIds: ids.max(100).default([]),
})

const change = z.strictObject({
  displayName: line(200).optional(),
  email: line(320).optional(),
  disabled: z.boolean().optional().describe('Disabling ends everything that the user has open'),
  roleIds: ids.max(100).optional(),
})

/** A user in a reply. */
export type UserReply = {
  id: string
  userName: string
  displayName: string
  email: string
  disabled: boolean
  roleIds: string[]
  totpEnrolled: boolean
  mustChangePassword: boolean
  lockedUntil: string | null
  lastLoginAt: string | null
  createdAt: string | null
  version: number
}

export const user: z.ZodType<UserReply, UserReply> = z
  .object({
    id: z.string(),
    userName: z.string(),
    displayName: z.string(),
    email: z.string(),
    disabled: z.boolean(),
    roleIds: z.array(z.string()),
    totpEnrolled: z.boolean(),
    mustChangePassword: z.boolean(),
    lockedUntil: momentReply.describe('Set while a lock-out lasts'),
    lastLoginAt: momentReply,
    createdAt: momentReply,
    version: z.int(),
  })
  .meta({ id: 'User' })

const initialPassword = z.string().describe('Shown once; must be changed at first login')

/** A tenant's users. */
export const userEndpoints = ({
  users,
}: Pick<Upstreams, 'users'>): Endpoints<
  | 'createUser'
  | 'listUsers'
  | 'getUser'
  | 'updateUser'
  | 'deleteUser'
  | 'resetPassword'
  | 'resetTotp'
  | 'unlockUser'
> => ({
  createUser: endpoint({
    summary: 'Creates a user with an initial password',
    input: { body: draft },
    status: 201,
    reply: z.object({ user, initialPassword }),
    handle: async ({ body }, { to }) => {
      const answer = await users.createUser(body, to('access-control'))
      return { user: userOf(answer.user), initialPassword: secretOf(answer.initialPassword).secret }
    },
  }),
  listUsers: endpoint({
    summary: 'Lists users',
    input: {
      query: z.strictObject({
        ...pageQuery,
        search: line(200).default('').describe('Part of the user name, display name or e-mail address'),
      }),
    },
    reply: pageOf(user),
    handle: async ({ query }, { to }) => {
      const request = { page: pageRequest(query), search: query.search }
      const answer = await users.listUsers(request, to('access-control'))
      return pageReply(answer.users, answer.page, userOf)
    },
  }),
  getUser: endpoint({
    summary: 'Reads a user: yourself, or with `user.read` anybody',
    input: { params: byId },
    reply: user,
    handle: async ({ params }, { to }) => userOf((await users.getUser(params, to('access-control'))).user),
  }),
  updateUser: endpoint({
    summary: 'Changes a user',
    input: { params: byId, body: change },
    reply: user,
    handle: async ({ params, body: { roleIds, ...attributes } }, { version, to }) => {
      const request = { ...params, ...attributes, version, roles: roleIds && { ids: roleIds } }
      return userOf((await users.updateUser(request, to('access-control'))).user)
    },
  }),
  deleteUser: silentEndpoint({
    summary: 'Deletes a user and ends everything that the user has open',
    input: { params: byId },
    handle: ({ params }, { version, to }) => users.deleteUser({ ...params, version }, to('access-control')),
  }),
  resetPassword: endpoint({
    summary: 'Makes a new initial password and ends the user’s logins',
    input: { params: byId },
    reply: z.object({ initialPassword }),
    handle: async ({ params }, { to }) => {
      const answer = await users.resetPassword(params, to('access-control'))
      return { initialPassword: secretOf(answer.initialPassword).secret }
    },
  }),
  resetTotp: silentEndpoint({
    summary: 'Forgets the second factor, so that the next login enrols a new one, and ends the user’s logins',
    input: { params: byId },
    handle: ({ params }, { to }) => users.resetTotp(params, to('access-control')),
  }),
  unlockUser: silentEndpoint({
    summary: 'Lifts a lock-out',
    input: { params: byId },
    handle: ({ params }, { to }) => users.unlockUser(params, to('access-control')),
  }),
})

export const userOf = (message: User | undefined): UserReply => {
  const found = present(message)
  return {
    ...found,
    lockedUntil: momentOf(found.lockedUntil),
    lastLoginAt: momentOf(found.lastLoginAt),
    createdAt: momentOf(found.createdAt),
  }
}
