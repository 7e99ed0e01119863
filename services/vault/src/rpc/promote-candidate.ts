import type { PromoteCandidateRequest, PromoteCandidateResponse } from '@sallyport/contracts/vault/v1/secrets'
import type { Call } from '@sallyport/rpc/call'
import { settleRotation } from '../secrets/settle-rotation.ts'
import type { Database } from '../store/database.ts'
import { moveVersion, pointToVersion } from '../store/secret-versions.ts'

type Deps = { database: Pick<Database, 'sqlInTenant'>; now: () => Date }

export const promoteCandidate =
  (deps: Deps) =>
  async (request: PromoteCandidateRequest, call: Call): Promise<PromoteCandidateResponse> => {
    const { candidateNumber } = await settleRotation(
      deps,
      request,
      call,
      'promoted',
      async (sql, { tenantId, now }, rotation) => {
        const { credentialId } = rotation
        const at = { tenantId, credentialId, now }
        await moveVersion(sql, at, 'current', 'supersede')
        await moveVersion(sql, at, 'candidate', 'promote')
        await pointToVersion(sql, tenantId, credentialId, rotation.candidateNumber, now)
      },
    )
    return { currentVersion: candidateNumber }
  }
