import { createHash } from 'node:crypto'
import { asQuery } from '@sallyport/database/failure'
import { SallyportError } from '@sallyport/errors/error'
import { loginUserName } from '../domain/user-name.ts'
import type { Tenant, User } from '../generated/prisma/client.ts'
import type { Counter } from '../store/failures.ts'
import type { Store } from '../store/store.ts'

/** Who somebody says he is, where he says it, and how. */
export type Attempt = {
  tenant: string
  userName: string
  sourceAddress: string
  channel: 'web' | 'ssh'
}

/**
 * The account that an attempt is at, which may not exist. Everything that happens to an account that exists also
 * happens to one that does not: tries are counted, locked and audited under `home`.
 */
export type Account = {
  home: Tenant
  tenant: Tenant | undefined
  userName: string | undefined
  counter: Counter
  source: Counter
}

export const accountOf = async (store: Store, attempt: Attempt): Promise<Account> => {
  const name = attempt.tenant.toLowerCase().slice(0, 64).replaceAll('\0', '')
  const found = await asQuery(
    store.platform.tenant.findMany({ where: { OR: [{ name }, { operator: true }] } }),
  )
  const tenant = found.find(row => row.name === name)
  const home = tenant ?? found.find(row => row.operator)
  if (home === undefined) throw new SallyportError('login.failed')
  const userName = loginUserName(attempt.userName)
  return {
    home,
    tenant,
    userName,
    counter: { tenantId: home.id, kind: 'account', key: accountKey(attempt, tenant && userName) },
    source: { tenantId: home.id, kind: 'source', key: attempt.sourceAddress.slice(0, 64) },
  }
}

/** The counter of a user's failed logins. */
export const counterOf = (user: Pick<User, 'tenantId' | 'userName'>): Counter => ({
  tenantId: user.tenantId,
  kind: 'account',
  key: user.userName,
})

/** `?` is in no user name. */
const accountKey = (attempt: Attempt, userName: string | undefined): string =>
  userName ?? `?${createHash('sha256').update(`${attempt.tenant}\0${attempt.userName}`).digest('hex')}`
