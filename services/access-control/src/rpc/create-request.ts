import { CreateRequestRequest, CreateRequestResponse } from '@sallyport/contracts/access_control/v1/access'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { once } from '@sallyport/database/once'
import type { Deps } from '../deps.ts'
import type { Target } from '../domain/criteria.ts'
import type { Action, Decision } from '../domain/decision.ts'
import { checkedJustification, initialState } from '../domain/request.ts'
import { askedWindow } from '../domain/window.ts'
import { audit } from '../store/audit.ts'
import { findRequestRow } from '../store/requests.ts'
import type { Tx } from '../store/store.ts'
import { storedTarget } from '../store/target.ts'
import { checkedId, checkedText } from './checks.ts'
import { requestMessageOf } from './request-message.ts'
import { readAction } from './wire-enums.ts'

/** Asks for access to a target for a window. One that needs no approval is good at once. */
export const createRequest =
  ({ store, policies, targets, clock }: Pick<Deps, 'store' | 'policies' | 'targets' | 'clock'>) =>
  async (request: CreateRequestRequest, call: Call): Promise<CreateRequestResponse> => {
    const { tenantId, userId, userName } = call.caller
    const action = readAction(request.action)
    const credentialId = checkedId(request.credentialId, 'target.not_found')
    const target = await targets.get(tenantId, credentialId, checkedId(request.deviceId, 'target.not_found'))
    if (target === undefined) throw new SallyportError('target.not_found')
    return store.granting(tenantId, tx =>
      once(
        sqlOf(tx),
        call,
        { request, requestType: CreateRequestRequest, responseType: CreateRequestResponse },
        async () => {
          const decision = (await policies.of(tx, { id: userId, userName }))(target, action)
          checkRequestable(decision)
          const id = await insertRequest(tx, call, { request, target, action, decision, now: clock.now() })
          return { request: await requestMessageOf(tx, await findRequestRow(tx, id)) }
        },
      ),
    )
  }

const checkRequestable = ({ outcome, matched }: Decision): void => {
  if (outcome === 'denied') throw new SallyportError(matched ? 'access.denied' : 'target.not_found')
  if (outcome === 'allowed') throw new SallyportError('access.not_required')
}

type Asked = { request: CreateRequestRequest; target: Target; action: Action; decision: Decision; now: Date }

const insertRequest = async (tx: Tx, call: Call, asked: Asked): Promise<string> => {
  const { request, target, action, decision, now } = asked
  const { tenantId, userId, userName } = call.caller
  const window = askedWindow(request, decision.rule.maxWindowSeconds, now)
  const justification = checkedJustification(
    checkedText(request.justification, 'justification'),
    decision.rule.justification,
  )
  const row = await tx.request.create({
    data: {
      id: uuidV7(now),
      tenantId,
      requesterId: userId,
      requesterName: userName,
      credentialId: target.credentialId,
      deviceId: target.deviceId,
      target: storedTarget(target),
      action,
      state: initialState(decision.rule.approvals),
      justification,
      requestedStart: window.start,
      requestedEnd: window.end,
      start: window.start,
      end: window.end,
      approvalsNeeded: decision.rule.approvals,
      maxWindowSeconds: decision.rule.maxWindowSeconds,
      approverUserIds: [...decision.approvers.userIds],
      approverGroupIds: [...decision.approvers.groupIds],
      version: 1,
      createdAt: now,
    },
  })
  await audit(tx, call, 'request.created', {
    target: { kind: 'credential', id: target.credentialId, name: target.username },
    requestId: row.id,
    details: {
      action,
      device_id: target.deviceId,
      credential_id: target.credentialId,
      justification,
      starts_at: window.start,
      ends_at: window.end,
      approvals_needed: decision.rule.approvals,
    },
  })
  return row.id
}
