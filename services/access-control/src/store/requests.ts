import { SallyportError } from '@sallyport/errors/error'
import type { Target } from '../domain/criteria.ts'
import type { Action, Decision } from '../domain/decision.ts'
import { type RequestFacts, type RequestState, satisfies } from '../domain/request.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'

/** A request with the votes on it. */
export type RequestRow = Prisma.RequestGetPayload<{ include: { approvals: true } }>

const states: readonly RequestState[] = [
  'pending',
  'approved',
  'disapproved',
  'canceled',
  'revoked',
  'expired',
]

export const findRequestRow = async (tx: Tx, id: string): Promise<RequestRow> => {
  const row = await tx.request.findUnique({ where: { id }, include: { approvals: true } })
  if (row === null) throw new SallyportError('access_request.not_found')
  return row
}

/** What the rules look at. A state that this version does not know refuses. */
export const factsOf = (row: RequestRow): RequestFacts => ({
  state: readState(row.state),
  requesterId: row.requesterId,
  window: { start: row.start, end: row.end },
  justification: row.justification,
  approvalsNeeded: row.approvalsNeeded,
  maxWindowSeconds: row.maxWindowSeconds,
  votes: row.approvals.map(({ approverId, approved }) => ({ approverId, approved })),
})

export const readState = (text: string): RequestState => {
  const state = states.find(known => known === text)
  if (state === undefined)
    throw new SallyportError('internal', undefined, { cause: new Error('unknown request state') })
  return state
}

/** Who may decide on a request. */
export const isApproverOf = (
  request: Pick<RequestRow, 'approverUserIds' | 'approverGroupIds'>,
  user: { id: string; userGroupIds: readonly string[] },
): boolean =>
  request.approverUserIds.includes(user.id) ||
  request.approverGroupIds.some(id => user.userGroupIds.includes(id))

/** A user's open requests, to be asked for the one that goes with a decision. */
export type OpenRequests = (
  target: Pick<Target, 'credentialId' | 'deviceId'>,
  action: Action,
  decision: Decision,
) => RequestRow | undefined

export const openRequestsOf = async (tx: Tx, userId: string, now: Date): Promise<OpenRequests> => {
  const rows = await tx.request.findMany({
    where: { requesterId: userId, state: { in: ['pending', 'approved'] }, end: { gt: now } },
    include: { approvals: true },
    orderBy: [{ end: 'desc' }, { id: 'desc' }],
  })
  return (target, action, decision) => {
    const here = rows.filter(
      row =>
        row.credentialId === target.credentialId && row.deviceId === target.deviceId && row.action === action,
    )
    return mostUseful(here, decision, now)
  }
}

/**
 * One that is enough now, the longest first; or else one that somebody may still decide on; or else one that will be
 * enough when its window opens. One that was approved under weaker rules is no use.
 */
const mostUseful = (rows: readonly RequestRow[], decision: Decision, now: Date): RequestRow | undefined =>
  rows.find(row => satisfies(factsOf(row), decision, now)) ??
  rows.find(row => row.state === 'pending') ??
  rows.find(row => row.start > now && satisfies(factsOf(row), decision, row.start))
