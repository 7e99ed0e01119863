import type { AbandonCandidateRequest, AbandonCandidateResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { Call } from '@sallyport/rpc/call'
import { settleRotation } from '../secrets/settle-rotation.ts'
import type { Database } from '../store/database.ts'
import { moveVersion } from '../store/secret-versions.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'>; now: () => Date }

export const abandonCandidate =
  (deps: Deps) =>
  async (request: AbandonCandidateRequest, call: Call): Promise<AbandonCandidateResponse> => {
    await settleRotation(deps, request, call, 'abandoned', (sql, { tenantId, now }, { credentialId }) =>
      moveVersion(sql, { tenantId, credentialId, now }, 'candidate', 'abandon'),
    )
    return {}
  }
