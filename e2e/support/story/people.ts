import { signInFirst } from '@sallyport/standalone/demo/person'
import { as, type Cast, of, type Versioned, type Page, type Speaker } from './cast.ts'

type Step = { step: string; challenge: string }

/** Signing in for the first time, up to where a second factor is needed. Gives the password then set. */
export const signIn = async ({
  anybody,
  admin,
  tenant,
}: Cast): Promise<{ userName: string; password: string }> => {
  const userName = 'dora'
  const { initialPassword } = await admin<{ initialPassword: string }>('createUser', { body: { userName } })
  const who = { tenant: tenant.name, userName, password: initialPassword, transport: 'token' }
  const first = await anybody<Step>('logIn', { body: who })
  const password = 'a lantern over quiet water 7'
  const answer = { challenge: first.challenge, newPassword: password, transport: 'token' }
  await anybody<Step>('continueLogin', { body: answer })
  return { userName, password }
}

export const directory = async ({ admin }: Cast): Promise<void> => {
  await admin('listPermissions')
  const role = await admin('createRole', { body: { name: 'walker', permissions: ['user.read'] } })
  await admin<Page>('listRoles', { query: 'limit=1' })
  await admin('getRole', of(role))
  await admin('deleteRole', as(await admin('updateRole', as(role, { body: { permissions: [] } }))))
  const { user } = await admin<{ user: Versioned }>('createUser', { body: { userName: 'erin' } })
  await admin<Page>('listUsers')
  await admin('unlockUser', of(user))
  await admin('resetTotp', of(user))
  await admin('resetPassword', of(user))
  const group = await admin('createUserGroup', { body: { name: 'walkers', userIds: [user.id] } })
  await admin<Page>('listUserGroups')
  await admin('getUserGroup', of(group))
  await admin('deleteUserGroup', as(await admin('updateUserGroup', as(group, { body: { userIds: [] } }))))
  const read = await admin('getUser', of(user))
  await admin('deleteUser', as(await admin('updateUser', as(read, { body: { displayName: 'Erin' } }))))
}

export const platform = async ({ operator }: Cast): Promise<void> => {
  const { tenant } = await operator<{ tenant: Versioned }>('createTenant', {
    body: { name: 'walked', administratorUserName: 'admin' },
  })
  await operator<Page>('listTenants')
  await operator('getTenant', of(tenant))
  await operator('updateTenant', as(tenant, { body: { disabled: true } }))
  await operator('rotateSigningKeys')
  const rotation = await operator('startKeyRotation', { body: { scope: 'tenant' } })
  await operator<Page>('listKeyRotations')
  await operator('getKeyRotation', of(rotation))
}

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlmXgXvGdp8FQuVQ4W0QHGxIUI4Mm0E1Kx5sU0B1xC'

export const ownAccount = async ({ admin, tenant }: Cast): Promise<void> => {
  await admin('getMe')
  const key = await admin('addSshKey', { body: { name: 'walk', publicKey } })
  await admin<Page>('listSshKeys')
  await admin('removeSshKey', of(key))
  const body = { name: 'walk', permissions: [], expiresAt: new Date(Date.now() + 3_600_000).toISOString() }
  const { apiToken } = await admin<{ apiToken: Versioned }>('createApiToken', { body })
  await admin<Page>('listApiTokens')
  await admin('revokeApiToken', of(apiToken))
  const { password: currentPassword } = tenant.admin
  await admin('changePassword', { body: { currentPassword, newPassword: 'nine sleepy herons 42' } })
}

/** Ends the logins of somebody who is done. */
export const signOut = async (
  { admin, tenant, stage }: Cast,
  dora: Speaker,
  userId: string,
): Promise<void> => {
  const { items } = await admin<Page>('listLoginSessions', { query: `userId=${userId}` })
  await dora('logOut')
  const initialPassword = (
    await admin<{ initialPassword: string }>('createUser', { body: { userName: 'finn' } })
  ).initialPassword
  const finn = await signInFirst(stage.platform.apiUrl, {
    tenant: tenant.name,
    userName: 'finn',
    initialPassword,
  })
  const open = await admin<Page>('listLoginSessions', { query: `userId=${finn.userId}` })
  for (const session of open.items) await admin('endLoginSession', of(session))
  if (items.length === 0) throw new Error('dora was not signed in')
}
