import type { GetCredentialRequest, GetCredentialResponse } from '@sallyport/contracts/vault/v1/inventory'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import { getCredential as readCredential } from '../store/credentials.ts'
import type { Database } from '../store/database.ts'
import { toCredential } from './wire-inventory.ts'

type Deps = { database: Pick<Database, 'inTenant'> }

export const getCredential =
  ({ database }: Deps) =>
  (request: GetCredentialRequest, call: Call): Promise<GetCredentialResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    return database.inTenant(tenantId, async tx => ({
      credential: toCredential(await readCredential(tx, tenantId, id)),
    }))
  }
