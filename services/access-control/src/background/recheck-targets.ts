import type { Deps } from '../deps.ts'
import type { Target } from '../domain/criteria.ts'
import type { Grant, TargetChange } from '../generated/prisma/client.ts'
import { redecideGrants } from '../grants/redecide.ts'
import { systemSource } from '../store/audit.ts'

type RecheckDeps = Pick<Deps, 'store' | 'targets' | 'clock'>

/** How long a grant on a changed target may live on while the vault cannot be asked. */
const confirmWithinMs = 5_000

/** Decides the live grants of changed targets again, on what the vault says now. */
export const recheckTargets = async (deps: RecheckDeps, tenantId: string): Promise<void> => {
  const { changes, grants } = await deps.store.inTenant(tenantId, async tx => ({
    changes: await tx.targetChange.findMany({ take: 200, orderBy: { notedAt: 'asc' } }),
    grants: await tx.grant.findMany({ where: { endedAt: null, operationId: null } }),
  }))
  if (changes.length === 0) return
  const fresh = new Map<string, Target | 'gone'>()
  for (const grant of grants.filter(row => isTouched(row, changes))) {
    if (!fresh.has(keyOf(grant))) fresh.set(keyOf(grant), await look(deps, grant, changes))
  }
  await deps.store.ending(tenantId, async tx => {
    const reason = 'The device or credential was changed'
    const ending = { tx, by: systemSource(tenantId), reason, now: deps.clock.now() }
    await redecideGrants(ending, grant => fresh.get(keyOf(grant)))
    await tx.targetChange.deleteMany({ where: { id: { in: changes.map(change => change.id) } } })
  })
}

/** The target now. What cannot be confirmed for too long counts as gone. */
const look = async (
  { targets, clock }: RecheckDeps,
  grant: Grant,
  changes: readonly TargetChange[],
): Promise<Target | 'gone'> => {
  try {
    return (await targets.get(grant.tenantId, grant.credentialId, grant.deviceId)) ?? 'gone'
  } catch (thrown) {
    const waited = clock.now().getTime() - (changes[0]?.notedAt.getTime() ?? 0)
    if (waited < confirmWithinMs) throw thrown
    return 'gone'
  }
}

const isTouched = (grant: Grant, changes: readonly TargetChange[]): boolean =>
  changes.some(change => change.credentialId === grant.credentialId || change.deviceId === grant.deviceId)

const keyOf = (grant: Grant): string => `${grant.credentialId} ${grant.deviceId}`
