import { sqlOf } from '@sallyport/database/sql'
import { type HoldingGroups, policyFrom, readHoldingGroups, type User, type UserPolicy } from './policy.ts'
import type { Tx } from './store.ts'

/** What decides for users. Not for a transaction that changes the policy itself: that takes `policyOf`. */
export type Policies = { readonly of: (tx: Tx, user: User) => Promise<UserPolicy> }

/** Users whose groups are kept at once, a few kilobytes each; who was quiet for longest is read again when needed. */
const maxKept = 50_000

/**
 * Remembers which access groups hold a user, for as long as nobody changes any group of the tenant.
 *
 * INVARIANT: what is kept was read after the stamp under which it is kept, and is used only in a transaction that has
 * read that very stamp. Every change makes a new stamp, in its own transaction and by a trigger; no stamp ever comes
 * back. So what is used is never older than what the transaction itself would have read. No stamp: nothing is kept.
 */
export const createPolicies = (): Policies => {
  const kept = new Map<string, { stamp: string; groups: HoldingGroups }>()
  const keep = (userId: string, stamp: string, groups: HoldingGroups): void => {
    kept.delete(userId)
    kept.set(userId, { stamp, groups })
    const [oldest] = kept.keys()
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest)
  }
  return {
    of: async (tx, user) => {
      const stamp = await stampOf(tx)
      if (stamp === undefined) return policyFrom(user, await readHoldingGroups(tx, user.id))
      const known = kept.get(user.id)
      const groups = known?.stamp === stamp ? known.groups : await readHoldingGroups(tx, user.id)
      keep(user.id, stamp, groups)
      return policyFrom(user, groups)
    },
  }
}

/** Row-level security leaves one row: the tenant's. */
const stampOf = async (tx: Tx): Promise<string | undefined> => {
  const [row] = await sqlOf(tx).query<{ stamp: string }>('select stamp from policy_stamps', [])
  return row?.stamp
}
