import { isReasonError } from '@sallyport/errors/error'
import type { KeyScope } from '../store/key-rotations.ts'
import { finish, type RotateDeps } from './key-rotation-step.ts'
import { rotateRootKey } from './rotate-root-key.ts'
import { rotateTenantKey } from './rotate-tenant-key.ts'

type Due = { id: string; tenant_id: string; scope: KeyScope }

/**
 * Goes on with every running key rotation until it is done. What is done is in the database after each batch, so that
 * whoever comes next, here or elsewhere, goes on from there.
 */
export const rotateKeys = async (deps: RotateDeps, signal: AbortSignal): Promise<void> => {
  const due = await deps.database.asWorker(sql =>
    sql.query<Due>(
      `select id, tenant_id, scope from key_rotations where state = 'running' order by started_at`,
      [],
    ),
  )
  for (const one of due) await goOn(deps, one, signal)
}

const goOn = async (
  deps: RotateDeps,
  { id, tenant_id: tenantId, scope }: Due,
  signal: AbortSignal,
): Promise<void> => {
  const step = scope === 'tenant' ? rotateTenantKey : rotateRootKey
  try {
    while (!signal.aborted && (await step(deps, tenantId, id)) === 'more');
  } catch (error) {
    if (!isReasonError(error, 'sealed_value.refused')) throw error
    // Trying again would not help; both keys stay, and nothing is lost.
    deps.log.error(
      { err: error, keyRotation: id },
      'A sealed value could not be rewrapped; the rotation has failed',
    )
    await deps.database.sqlInTenant(tenantId, sql => finish(sql, deps, tenantId, id, 'failed'))
  }
}
