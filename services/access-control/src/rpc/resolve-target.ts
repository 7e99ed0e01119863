import type {
  ResolveTargetRequest,
  ResolveTargetResponse,
} from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { openRequestsOf } from '../store/requests.ts'
import { decisionMessage } from './decision-message.ts'
import { targetSummary } from './target-message.ts'
import { readAction } from './wire-enums.ts'

/** Finds the target that the caller named, and decides. What no group of his matches does not exist for him. */
export const resolveTarget =
  ({ store, policies, targets, clock }: Pick<Deps, 'store' | 'policies' | 'targets' | 'clock'>) =>
  async (request: ResolveTargetRequest, { caller }: Call): Promise<ResolveTargetResponse> => {
    const { tenantId, userId, userName } = caller
    const action = readAction(request.action)
    const named = { ...splitDomain(request.username), device: request.device }
    if (named.username === '' || named.device === '') throw new SallyportError('target.not_found')
    const found = await targets.find(tenantId, named)
    return store.inTenant(tenantId, async tx => {
      const policy = await policies.of(tx, { id: userId, userName })
      const matched = found
        .map(target => ({ target, decision: policy(target, action) }))
        .filter(({ decision }) => decision.matched)
      const usable = matched.filter(({ decision }) => decision.outcome !== 'denied')
      const [first, second] = usable.length > 0 ? usable : matched
      if (first === undefined) throw new SallyportError('target.not_found')
      if (second !== undefined) {
        throw new SallyportError(
          'request.invalid',
          'more than one target has this name; add the domain, or use the device’s name',
        )
      }
      const { target, decision } = first
      const open = await openRequestsOf(tx, userId, clock.now())
      return {
        target: targetSummary(target),
        decision: decisionMessage(decision, open(target, action, decision)),
      }
    })
  }

/** `DOMAIN\user` or `user`. */
const splitDomain = (text: string): { username: string; domain: string } => {
  const at = text.indexOf('\\')
  return at < 0 ? { username: text, domain: '' } : { username: text.slice(at + 1), domain: text.slice(0, at) }
}
