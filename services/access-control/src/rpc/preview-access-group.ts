import type {
  PreviewAccessGroupRequest,
  PreviewAccessGroupResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import { allTargets } from '../clients/all-targets.ts'
import type { Deps } from '../deps.ts'
import { compileCriteria, criteriaMatch, type Target } from '../domain/criteria.ts'
import { checkMembersExist } from '../store/groups.ts'
import type { Tx } from '../store/store.ts'
import { type Definition, readDefinition, warningsOf } from './access-group-definition.ts'
import { targetSummary } from './target-message.ts'

const maxShown = 200

/** Says which people and targets a definition would match. A target counts if it matches for any of the people. */
export const previewAccessGroup =
  ({ store, targets }: Pick<Deps, 'store' | 'targets'>) =>
  async (request: PreviewAccessGroupRequest, { caller }: Call): Promise<PreviewAccessGroupResponse> => {
    const definition = readDefinition(request.definition)
    const userNames = await store.inTenant(caller.tenantId, tx => memberNames(tx, definition))
    const criteria = compileCriteria(definition.criteria)
    // Without members only the mask is open; everything else can still be previewed.
    const names = definition.criteria.credentialUsername.includes('[#USERNAME#]') ? userNames : ['']
    const shown: Target[] = []
    let targetCount = 0
    for await (const target of allTargets(targets, caller.tenantId)) {
      if (!names.some(name => criteriaMatch(criteria, target, name))) continue
      targetCount++
      if (shown.length < maxShown) shown.push(target)
    }
    return {
      userNames: userNames.slice(0, maxShown),
      userCount: userNames.length,
      targets: shown.map(targetSummary),
      targetCount,
      warnings: warningsOf(definition),
    }
  }

const memberNames = async (tx: Tx, definition: Definition): Promise<string[]> => {
  await checkMembersExist(tx, definition)
  const groups = await tx.userGroup.findMany({ where: { id: { in: definition.userGroupIds } } })
  const ids = [...definition.userIds, ...groups.flatMap(group => group.userIds)]
  const users = await tx.user.findMany({ where: { id: { in: ids } }, orderBy: { userName: 'asc' } })
  return users.map(user => user.userName)
}
