import type { AccessRequest } from '@sallyport/contracts/access_control/v1/access'
import { readState, type RequestRow } from '../store/requests.ts'
import type { Tx } from '../store/store.ts'
import { readTarget } from '../store/target.ts'
import { targetSummary } from './target-message.ts'
import { actionMessage, stateMessage } from './wire-enums.ts'

/** Requests as the contract shows them, with names for those who may decide. */
export const requestMessages = async (tx: Tx, rows: readonly RequestRow[]): Promise<AccessRequest[]> => {
  const userIds = [...new Set(rows.flatMap(row => row.approverUserIds))]
  const groupIds = [...new Set(rows.flatMap(row => row.approverGroupIds))]
  const users = await tx.user.findMany({
    where: { id: { in: userIds } },
    select: { id: true, userName: true },
  })
  const groups = await tx.userGroup.findMany({
    where: { id: { in: groupIds } },
    select: { id: true, name: true },
  })
  const names = new Map([
    ...users.map(user => [user.id, user.userName] as const),
    ...groups.map(group => [group.id, `group ${group.name}`] as const),
  ])
  return rows.map(row => requestMessage(row, names))
}

export const requestMessageOf = async (tx: Tx, row: RequestRow): Promise<AccessRequest | undefined> =>
  (await requestMessages(tx, [row])).at(0)

const requestMessage = (row: RequestRow, names: ReadonlyMap<string, string>): AccessRequest => ({
  id: row.id,
  requesterId: row.requesterId,
  requesterName: row.requesterName,
  target: targetSummary(readTarget(row.target)),
  action: actionMessage(row.action),
  state: stateMessage(readState(row.state)),
  justification: row.justification,
  requestedStart: row.requestedStart,
  requestedEnd: row.requestedEnd,
  start: row.start,
  end: row.end,
  approvalsNeeded: row.approvalsNeeded,
  approvals: row.approvals.map(({ approverId, approverName, approved, comment, decidedAt }) => ({
    approverId,
    approverName,
    approved,
    comment,
    decidedAt,
  })),
  createdAt: row.createdAt,
  version: row.version,
  approverNames: [...row.approverUserIds, ...row.approverGroupIds]
    .filter(id => id !== row.requesterId)
    .flatMap(id => names.get(id) ?? []),
})
