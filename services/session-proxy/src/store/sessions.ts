import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Session } from '../generated/prisma/client.ts'
import type { Tx } from './database.ts'

export type SessionRow = Session

export type SessionFilter = {
  readonly state: 'live' | 'ended' | undefined
  readonly userId: string | undefined
  readonly credentialId: string | undefined
  readonly requestId: string | undefined
}

/** Throws `session.not_found`, also for an id that is none. */
export const getSession = async (tx: Tx, tenantId: string, id: string): Promise<SessionRow> => {
  const found = isUuid(id) ? await tx.session.findFirst({ where: { tenantId, id } }) : null
  if (found === null) throw new SallyportError('session.not_found')
  return found
}

/** Newest first. */
export const listSessions = (
  tx: Tx,
  tenantId: string,
  { state, userId, credentialId, requestId }: SessionFilter,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<SessionRow[]> =>
  tx.session.findMany({
    where: {
      tenantId,
      ...(page.before !== undefined && { id: { lt: page.before } }),
      ...(state !== undefined && { endedAt: state === 'live' ? null : { not: null } }),
      ...(userId !== undefined && { userId }),
      ...(credentialId !== undefined && { credentialId }),
      ...(requestId !== undefined && { requestId }),
    },
    orderBy: { id: 'desc' },
    take: page.limit,
  })
