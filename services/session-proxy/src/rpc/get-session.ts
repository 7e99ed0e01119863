import type { GetSessionRequest, GetSessionResponse } from '@sallyport/contracts/session_proxy/v1/sessions'
import type { Call } from '@sallyport/rpc/call'
import type { Database } from '../store/database.ts'
import { visibleSession } from './visible-session.ts'
import { toSession } from './wire-session.ts'

type Deps = { readonly database: Pick<Database, 'inTenant'> }

export const getSession =
  ({ database }: Deps) =>
  async ({ id }: GetSessionRequest, call: Call): Promise<GetSessionResponse> => {
    const row = await database.inTenant(call.caller.tenantId, tx =>
      visibleSession(tx, call, id, 'session.read'),
    )
    return { session: toSession(row) }
  }
