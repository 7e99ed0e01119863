import type { GetKeyRotationRequest, GetKeyRotationResponse } from '@sallyport/contracts/vault/v1/secrets'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { parseId } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { findKeyRotation } from '../store/key-rotations.ts'
import { toKeyRotation } from './wire-secrets.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'> }

export const getKeyRotation =
  ({ database }: Deps) =>
  async (request: GetKeyRotationRequest, call: Call): Promise<GetKeyRotationResponse> => {
    const { tenantId } = call.caller
    const id = parseId('id', request.id)
    const row = await database.sqlInTenant(tenantId, sql => findKeyRotation(sql, tenantId, id))
    if (row === undefined) throw new SallyportError('key_rotation.not_found')
    return { keyRotation: toKeyRotation(row) }
  }
