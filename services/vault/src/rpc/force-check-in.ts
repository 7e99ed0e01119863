import type { ForceCheckInRequest, ForceCheckInResponse } from '@sallyport/contracts/vault/v1/secrets'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { endCustody } from '../custody/end-custody.ts'
import { parseId } from '../domain/credential.ts'
import { parseNotes } from '../domain/text.ts'
import { invalid } from '../domain/invalid.ts'
import { readCustody } from '../store/custodies.ts'
import type { Database } from '../store/database.ts'
import { toCustody } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'>; now: () => Date }

export const forceCheckIn =
  ({ database, now }: Deps) =>
  (request: ForceCheckInRequest, call: Call): Promise<ForceCheckInResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    const comment = parseNotes('reason', request.reason, { max: 500 }).trim()
    if (comment === '') throw invalid('reason', 'must be given')
    return database.sqlInTenant(tenantId, async sql => {
      const end = { tenantId, reason: 'forced', now: now(), comment } as const
      const ended = await endCustody(sql, call, { id }, end)
      if (ended.length === 0) throw new SallyportError('custody.not_found')
      return { custody: toCustody(await readCustody(sql, tenantId, id)) }
    })
  }
