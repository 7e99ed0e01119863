import type { Caller } from '@sallyport/identity/caller-token'
import { isPermission, type Permission } from '@sallyport/identity/permissions'
import type { TokenKind } from '../domain/opaque-token.ts'
import { isSessionOver, sessionEnd, shouldTouch } from '../domain/session-life.ts'
import type { User } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'
import { permissionsOfRoles } from './users.ts'

/** Who stands behind a token, and until when. */
export type Holder = { caller: Omit<Caller, 'sourceAddress'>; expiresAt: Date }

type Presented = { kind: TokenKind; tenantId: string; hash: Uint8Array }

/** The holder of a token that is good now. Notes its use, at most once a minute. */
export const findHolder = (tx: Tx, token: Presented, now: Date): Promise<Holder | undefined> =>
  token.kind === 'session' ? findSessionHolder(tx, token, now) : findApiTokenHolder(tx, token, now)

const findSessionHolder = async (tx: Tx, { hash }: Presented, now: Date): Promise<Holder | undefined> => {
  const session = await tx.loginSession.findUnique({ where: { tokenHash: Uint8Array.from(hash) } })
  if (session === null || session.endedAt !== null || isSessionOver(session, now)) return undefined
  const user = await findEnabledUser(tx, session.userId)
  if (user === undefined) return undefined
  if (shouldTouch(session.lastUsedAt, now)) {
    await tx.loginSession.updateMany({ where: { id: session.id, endedAt: null }, data: { lastUsedAt: now } })
  }
  return {
    caller: {
      ...personOf(user),
      permissions: await permissionsOfRoles(tx, user.roleIds),
      loginSessionId: session.id,
      kind: 'person',
      strength: 'mfa',
    },
    expiresAt: sessionEnd({ ...session, lastUsedAt: now }),
  }
}

const findApiTokenHolder = async (tx: Tx, { hash }: Presented, now: Date): Promise<Holder | undefined> => {
  const token = await tx.apiToken.findUnique({ where: { tokenHash: Uint8Array.from(hash) } })
  if (token === null || token.revokedAt !== null || token.expiresAt <= now) return undefined
  const user = await findEnabledUser(tx, token.userId)
  if (user === undefined) return undefined
  if (shouldTouch(token.lastUsedAt ?? undefined, now)) {
    await tx.apiToken.update({ where: { id: token.id }, data: { lastUsedAt: now } })
  }
  return {
    caller: {
      ...personOf(user),
      permissions: await limitedPermissions(tx, user, token.permissions),
      loginSessionId: token.id,
      kind: 'api-token',
      // One thing that somebody has; nobody proved a second factor for this call.
      strength: 'password',
    },
    expiresAt: token.expiresAt,
  }
}

/** A token carries what it was made with, and never more than its owner has now. */
const limitedPermissions = async (tx: Tx, user: User, given: readonly string[]): Promise<Set<Permission>> => {
  const own = await permissionsOfRoles(tx, user.roleIds)
  return new Set(given.filter(isPermission).filter(permission => own.has(permission)))
}

const findEnabledUser = async (tx: Tx, id: string): Promise<User | undefined> => {
  const user = await tx.user.findUnique({ where: { id } })
  if (user === null || user.disabled) return undefined
  const tenant = await tx.tenant.findUnique({ where: { id: user.tenantId } })
  return tenant === null || tenant.disabled ? undefined : user
}

const personOf = (user: User): { tenantId: string; userId: string; userName: string } => ({
  tenantId: user.tenantId,
  userId: user.id,
  userName: user.userName,
})
