import { createHash } from 'node:crypto'
import { asQuery } from '@sallyport/database/failure'
import { SallyportError } from '@sallyport/errors/error'
import { loginUserName } from '../domain/user-name.ts'
import type { Tenant, User } from '../generated/prisma/client.ts'
import type { Counter } from '../store/failures.ts'
import type { Store, Tx } from '../store/store.ts'
import { sourceKey } from './source-key.ts'

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
    source: { tenantId: home.id, kind: 'source', key: sourceKey(attempt.sourceAddress) },
  }
}

const familiarMilliseconds = 30 * 24 * 3_600_000

/**
 * The counter for a try from an address. Where somebody signed in lately his tries are counted apart: whoever guesses
 * elsewhere, for however long, cannot keep him out there.
 */
export const counterAt = async (
  tx: Tx,
  counter: Counter,
  from: { userId: string; sourceAddress: string; now: Date },
): Promise<Counter> => {
  const { userId, sourceAddress, now } = from
  const since = new Date(now.getTime() - familiarMilliseconds)
  const known = await tx.loginSession.count({ where: { userId, sourceAddress, createdAt: { gt: since } } })
  return known === 0 ? counter : familiarCounter(counter, sourceAddress)
}

/** No user name has a space. */
export const familiarCounter = (counter: Counter, sourceAddress: string): Counter => ({
  ...counter,
  key: `${counter.key} ${sourceKey(sourceAddress)}`,
})

/** The counter of a user's failed logins from addresses where he is not known. */
export const counterOf = (user: Pick<User, 'tenantId' | 'userName'>): Counter => ({
  tenantId: user.tenantId,
  kind: 'account',
  key: user.userName,
})

/** `?` is in no user name. */
const accountKey = (attempt: Attempt, userName: string | undefined): string =>
  userName ?? `?${createHash('sha256').update(`${attempt.tenant}\0${attempt.userName}`).digest('hex')}`
