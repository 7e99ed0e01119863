import type {
  ListSessionsRequest,
  ListSessionsResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import { pageOf, pageQuery } from '@sallyport/database/page'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Database } from '../store/database.ts'
import { listSessions as readSessions } from '../store/sessions.ts'
import { stateOf, toSession } from './wire-session.ts'

type Deps = { readonly database: Pick<Database, 'inTenant'> }

export const listSessions =
  ({ database }: Deps) =>
  async (request: ListSessionsRequest, { caller }: Call): Promise<ListSessionsResponse> => {
    const page = pageQuery(request.page, 1)
    const before = page.after?.[0]
    if (before !== undefined && !isUuid(before)) throw new SallyportError('cursor.invalid')
    const asked = idFilter('user_id', request.userId)
    const filter = {
      state: stateOf(request.state),
      userId: caller.permissions.has('session.read') ? asked : caller.userId,
      credentialId: idFilter('credential_id', request.credentialId),
      requestId: idFilter('request_id', request.requestId),
    }
    // Somebody else's sessions, without the permission: there are none that one could see.
    if (asked !== undefined && filter.userId !== asked) return { sessions: [], page: { nextCursor: '' } }
    const rows = await database.inTenant(caller.tenantId, tx =>
      readSessions(tx, caller.tenantId, filter, { before, limit: page.size + 1 }),
    )
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => [id])
    return { sessions: items.map(toSession), page: { nextCursor } }
  }

const idFilter = (name: string, id: string): string | undefined => {
  if (id !== '' && !isUuid(id)) throw new SallyportError('request.invalid', `${name} is not an id`)
  return id === '' ? undefined : id
}
