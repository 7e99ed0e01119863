import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Person } from '../domain/request.ts'
import { userGroupIdsOf } from './policy.ts'
import { findRequestRow, isApproverOf, type RequestRow } from './requests.ts'
import type { Tx } from './store.ts'

/** A request that the caller may see, and who the caller is to it. To everybody else it does not exist. */
export const findVisibleRequest = async (
  tx: Tx,
  { caller }: Call,
  id: string,
): Promise<{ row: RequestRow; person: Person }> => {
  const row = await findRequestRow(tx, id)
  const user = { id: caller.userId, userGroupIds: await userGroupIdsOf(tx, caller.userId) }
  const person: Person = {
    userId: caller.userId,
    viaApiToken: caller.kind !== 'person',
    isApprover: isApproverOf(row, user),
    mayRevokeAny: caller.permissions.has('request.revoke'),
  }
  const sees = [
    row.requesterId === caller.userId,
    person.isApprover,
    person.mayRevokeAny,
    caller.permissions.has('request.read'),
  ]
  if (!sees.includes(true)) throw new SallyportError('access_request.not_found')
  return { row, person }
}
