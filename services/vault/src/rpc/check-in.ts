import type { CheckInRequest, CheckInResponse } from '@sallyport/contracts/vault/v1/secrets'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { endCustody } from '../custody/end-custody.ts'
import { parseId } from '../domain/credential.ts'
import { readCustody } from '../store/custodies.ts'
import type { Database } from '../store/database.ts'
import { toCustody } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'>; now: () => Date }

export const checkIn =
  ({ database, now }: Deps) =>
  (request: CheckInRequest, call: Call): Promise<CheckInResponse> => {
    const { tenantId, userId: holderUserId } = call.caller
    const id = parseId('id', request.id)
    return database.sqlInTenant(tenantId, async sql => {
      const end = { tenantId, reason: 'checked-in', now: now() } as const
      const ended = await endCustody(sql, call, { id, holderUserId }, end)
      if (ended.length === 0) throw new SallyportError('custody.not_found')
      return { custody: toCustody(await readCustody(sql, tenantId, id)) }
    })
  }
