import type {
  ListUsableTargetsRequest,
  ListUsableTargetsResponse,
  UsableTarget,
} from '@sallyport/contracts/access_control/v1/access'
import { maxPageSize, pageQuery } from '@sallyport/database/page'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import type { Target } from '../domain/criteria.ts'
import { openRequestsOf } from '../store/requests.ts'
import { decisionMessage } from './decision-message.ts'
import { targetSummary } from './target-message.ts'

/** Pages of the vault that one call looks through for something usable. */
const maxPages = 20

/** Lists what the caller may use. A page holds what is usable of the vault's pages, and may be short. */
export const listUsableTargets =
  ({ store, policies, targets, clock }: Pick<Deps, 'store' | 'policies' | 'targets' | 'clock'>) =>
  async (request: ListUsableTargetsRequest, { caller }: Call): Promise<ListUsableTargetsResponse> => {
    const { tenantId, userId, userName } = caller
    const { size } = pageQuery(request.page && { ...request.page, cursor: '' }, 1)
    const { policy, open } = await store.inTenant(tenantId, async tx => ({
      policy: await policies.of(tx, { id: userId, userName }),
      open: await openRequestsOf(tx, userId, clock.now()),
    }))
    const usable = (target: Target): UsableTarget[] => {
      const view = policy(target, 'view')
      const session = policy(target, 'session')
      if (view.outcome === 'denied' && session.outcome === 'denied') return []
      return [
        {
          target: targetSummary(target),
          view: decisionMessage(view, open(target, 'view', view)),
          session: decisionMessage(session, open(target, 'session', session)),
        },
      ]
    }
    const found: UsableTarget[] = []
    let cursor = request.page?.cursor ?? ''
    for (let count = 0; count < maxPages; count++) {
      // The vault's pages are taken whole, so that its cursor is ours.
      const wanted = found.length === 0 && count > 0 ? maxPageSize : size
      const page = await targets.page(tenantId, { size: wanted, cursor, search: request.search })
      found.push(...page.targets.flatMap(usable))
      cursor = page.nextCursor
      if (cursor === '' || found.length > 0) break
    }
    return { targets: found, page: { nextCursor: cursor } }
  }
