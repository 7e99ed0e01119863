import type { IssueGrantRequest, IssueGrantResponse } from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import type { Target } from '../domain/criteria.ts'
import type { Action, Decision } from '../domain/decision.ts'
import { grantEnd } from '../domain/grant-end.ts'
import { satisfies } from '../domain/request.ts'
import type { Grant } from '../generated/prisma/client.ts'
import { insertGrant, stateGrant } from '../grants/issue.ts'
import { audit } from '../store/audit.ts'
import { findLoginEnd } from '../store/login-end.ts'
import type { Policies } from '../store/policies.ts'
import { factsOf, openRequestsOf } from '../store/requests.ts'
import type { Tx } from '../store/store.ts'
import { checkedId } from './checks.ts'
import { grantMessage } from './grant-message.ts'
import { readAction } from './wire-enums.ts'

type Refusal = { refused: Reason; decision: Decision | undefined }

/** Decides once more, on what holds now, and signs a grant. A refusal is recorded, and told with its reasons. */
export const issueGrant =
  (deps: Pick<Deps, 'store' | 'policies' | 'targets' | 'keys' | 'clock' | 'meter'>) =>
  async (request: IssueGrantRequest, call: Call): Promise<IssueGrantResponse> => {
    const { tenantId, sourceAddress } = call.caller
    const action = readAction(request.action)
    const credentialId = checkedId(request.credentialId, 'target.not_found')
    const deviceId = checkedId(request.deviceId, 'target.not_found')
    const target = await deps.targets.get(tenantId, credentialId, deviceId)
    if (target === undefined) throw new SallyportError('target.not_found')
    const issued = await deps.store.granting(tenantId, async tx => {
      const result = await decideAndInsert(deps.policies, tx, call, target, action, deps.clock.now())
      await auditResult(tx, call, target, action, result)
      return result
    })
    const outcome = 'refused' in issued ? issued.refused : 'allowed'
    deps.meter.count('sallyport_decisions_total', { action, outcome })
    if ('refused' in issued) throw refusalError(issued)
    return {
      statement: await stateGrant(deps, issued, request.sourceAddress || sourceAddress),
      grant: grantMessage(issued),
    }
  }

const decideAndInsert = async (
  policies: Policies,
  tx: Tx,
  { caller }: Call,
  target: Target,
  action: Action,
  now: Date,
): Promise<Grant | Refusal> => {
  const { tenantId, userId, userName, loginSessionId } = caller
  // The caller token may be a minute old: the login that stands behind it may have ended since.
  const loginEnds = await findLoginEnd(tx, caller, now)
  if (loginEnds === undefined) return { refused: 'caller.unauthenticated', decision: undefined }
  const decision = (await policies.of(tx, { id: userId, userName }))(target, action)
  if (decision.outcome === 'denied') {
    return { refused: decision.matched ? 'access.denied' : 'target.not_found', decision }
  }
  const row =
    decision.outcome === 'allowed'
      ? undefined
      : (await openRequestsOf(tx, userId, now))(target, action, decision)
  const facts = row && factsOf(row)
  if (decision.outcome !== 'allowed' && (facts === undefined || !satisfies(facts, decision, now))) {
    const justify = decision.outcome === 'justification-required'
    return { refused: justify ? 'access.justification_required' : 'access.approval_required', decision }
  }
  return insertGrant(
    tx,
    {
      tenantId,
      userId,
      userName,
      target,
      action,
      endsAt: grantEnd(decision, facts, loginEnds, now),
      loginSessionId,
      ...(row && { requestId: row.id }),
    },
    now,
  )
}

const auditResult = (
  tx: Tx,
  call: Call,
  target: Target,
  action: Action,
  result: Grant | Refusal,
): Promise<void> => {
  const about = { kind: 'credential', id: target.credentialId, name: target.username }
  const ids = { action, device_id: target.deviceId, credential_id: target.credentialId }
  if ('refused' in result) {
    const groups = result.decision?.reasons.map(reason => reason.accessGroupName) ?? []
    return audit(tx, call, 'access.refused', {
      target: about,
      outcome: 'failure',
      details: { ...ids, reason: result.refused, groups: [...new Set(groups)] },
    })
  }
  return audit(tx, call, 'grant.issued', {
    target: about,
    grantId: result.id,
    requestId: result.requestId ?? undefined,
    details: { ...ids, not_before: result.issuedAt, ends_at: result.endsAt },
  })
}

const refusalError = ({ refused, decision }: Refusal): SallyportError => {
  const why =
    decision?.reasons.filter(reason => reason.imposed !== 'allowed').map(reason => reason.text) ?? []
  const because = refused === 'access.denied' ? why.join(' ') : ''
  return new SallyportError(refused, because || undefined)
}
