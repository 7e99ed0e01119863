import { sqlOf } from '@sallyport/database/sql'
import type { RequestState } from '../domain/request.ts'
import { requestEnded } from '../events/published.ts'
import type { Prisma, Request } from '../generated/prisma/client.ts'
import { audit } from '../store/audit.ts'
import type { Tx } from '../store/store.ts'
import { type Ending, revokeGrants } from './end-grants.ts'
import { channels } from './notify.ts'

/** Tells those who watch a request that it has changed. */
export const notifyRequest = async (tx: Tx, requestId: string): Promise<void> => {
  await sqlOf(tx).query('select from (select pg_notify($1, $2)) sent', [channels.requests, requestId])
}

type EndState = Extract<RequestState, 'canceled' | 'revoked' | 'expired'>

const causes = { canceled: 'canceled', revoked: 'revoked', expired: 'window-over' } as const

/**
 * Puts an open request into a final state, with everything that follows: its grants end, watchers are told, and if it
 * was approved the end of its window is announced.
 */
export const endRequest = async (ending: Ending, request: Request, state: EndState): Promise<void> => {
  const { tx, now } = ending
  await tx.request.update({ where: { id: request.id }, data: { state, version: { increment: 1 } } })
  await auditEnd(ending, request, state)
  if (request.state === 'approved') {
    const used = (await tx.grant.count({ where: { requestId: request.id } })) > 0
    await requestEnded(tx, request, { cause: causes[state], used, now })
  }
  await notifyRequest(tx, request.id)
  // Grants end with their window by themselves; enforcers know that time.
  if (state !== 'expired') await revokeGrants(ending, { requestId: request.id })
}

/** Ends every open request of a user, as when the user is disabled: pending ones are canceled, approved ones revoked. */
export const endRequestsOf = async (ending: Ending, where: Prisma.RequestWhereInput): Promise<void> => {
  const open = await ending.tx.request.findMany({
    where: { AND: [where, { state: { in: ['pending', 'approved'] } }] },
  })
  for (const request of open) {
    await endRequest(ending, request, request.state === 'approved' ? 'revoked' : 'canceled')
  }
}

const auditEnd = ({ tx, by, reason }: Ending, request: Request, state: EndState): Promise<void> => {
  const about = {
    target: { kind: 'request', id: request.id },
    requestId: request.id,
  }
  if (state === 'canceled') return audit(tx, by, 'request.canceled', { ...about, details: { reason } })
  if (state === 'revoked') return audit(tx, by, 'request.revoked', { ...about, details: { reason } })
  return audit(tx, by, 'request.expired', {
    ...about,
    details: { state: request.state, ends_at: request.end },
  })
}
