import { satisfies } from '../domain/request.ts'
import type { Target } from '../domain/criteria.ts'
import type { Action, Decision } from '../domain/decision.ts'
import type { Grant } from '../generated/prisma/client.ts'
import { policyOf, type UserPolicy } from '../store/policy.ts'
import { factsOf, findRequestRow } from '../store/requests.ts'
import type { Tx } from '../store/store.ts'
import { readTarget, storedTarget } from '../store/target.ts'
import { type Ending, revokeGrants } from './end-grants.ts'

/**
 * Decides every live grant of the tenant once more, and revokes those that would not be given any more: the access
 * group, the membership or the target has changed. `fresh` gives the target as the vault has it now, where it changed.
 */
export const redecideGrants = async (
  ending: Ending,
  fresh: (grant: Grant) => Target | 'gone' | undefined = () => undefined,
): Promise<void> => {
  const { tx, now } = ending
  const live = await tx.grant.findMany({
    where: { endedAt: null, endsAt: { gt: now }, operationId: null },
    orderBy: { userId: 'asc' },
  })
  const policies = new Map<string, UserPolicy>()
  const lost: string[] = []
  for (const grant of live) {
    const target = fresh(grant) ?? readTarget(grant.target)
    if (target === 'gone' || !(await stillHolds(tx, policies, grant, target, now))) lost.push(grant.id)
    else if (fresh(grant) !== undefined) {
      await tx.grant.update({ where: { id: grant.id }, data: { target: storedTarget(target) } })
    }
  }
  if (lost.length > 0) await revokeGrants(ending, { id: { in: lost } })
}

const stillHolds = async (
  tx: Tx,
  policies: Map<string, UserPolicy>,
  grant: Grant,
  target: Target,
  now: Date,
): Promise<boolean> => {
  const policy =
    policies.get(grant.userId) ?? (await policyOf(tx, { id: grant.userId, userName: grant.userName }))
  policies.set(grant.userId, policy)
  const action = actionOf(grant.action)
  return action !== undefined && (await holds(tx, grant, policy(target, action), now))
}

const holds = async (tx: Tx, grant: Grant, decision: Decision, now: Date): Promise<boolean> => {
  if (decision.outcome === 'denied') return false
  if (decision.outcome === 'allowed') return true
  if (grant.requestId === null) return false
  return satisfies(factsOf(await findRequestRow(tx, grant.requestId)), decision, now)
}

const actionOf = (text: string): Action | undefined =>
  text === 'view' || text === 'session' ? text : undefined
