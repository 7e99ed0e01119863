import {
  type AccessRequest as WireRequest,
  Action,
  type Decision,
  type GrantServiceService,
  Outcome,
  type RequestServiceService,
  RequestState,
  type TargetSummary,
} from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import type { RpcClient } from '@sallyport/rpc/client'
import type { Verdict } from '../domain/admission.ts'
import type { TargetName } from '../domain/login-name.ts'
import { formatTarget } from '../domain/login-name.ts'

export type Target = { readonly credentialId: string; readonly deviceId: string; readonly name: string }

export type Resolved = {
  readonly target: Target
  readonly verdict: Verdict
  /** Which access groups imposed what, as sentences. */
  readonly reasons: readonly string[]
}

export type AccessRequest = {
  readonly id: string
  readonly state: 'pending' | 'approved' | 'disapproved' | 'canceled' | 'revoked' | 'expired'
  readonly approvalsNeeded: number
  readonly approvals: number
  readonly approverNames: readonly string[]
  /** What the last person who decided wrote. */
  readonly comment: string
  /** When an approved window begins, if it has not begun. */
  readonly start: Date | undefined
}

export type IssuedGrant = {
  readonly statement: string
  readonly grantId: string
  readonly requestId: string
  readonly endsAt: Date
}

/** What the proxy asks access-control on behalf of a person. `token` is that person's caller token. */
export type Access = {
  resolve(token: string, target: TargetName): Promise<Resolved>
  createRequest(token: string, target: Target, justification: string): Promise<AccessRequest>
  watchRequest(token: string, requestId: string, signal: AbortSignal): AsyncIterable<AccessRequest>
  issueGrant(token: string, target: Target, sourceAddress: string): Promise<IssuedGrant>
}

type Grants = Pick<RpcClient<typeof GrantServiceService>, 'resolveTarget' | 'issueGrant'>
type Requests = Pick<RpcClient<typeof RequestServiceService>, 'createRequest' | 'watchRequest'>

export const accessOf = (grants: Grants, requests: Requests): Access => ({
  resolve: async (callerToken, name) => {
    const username = name.domain === undefined ? name.username : `${name.domain}\\${name.username}`
    const request = { username, device: name.device, action: Action.SESSION }
    const { target, decision } = await grants.resolveTarget(request, { callerToken })
    if (target === undefined || decision === undefined) throw new SallyportError('session.refused')
    return {
      target: targetOf(target),
      verdict: verdictOf(decision),
      reasons: decision.reasons.map(reason => reason.text),
    }
  },
  createRequest: async (callerToken, { credentialId, deviceId }, justification) => {
    const request = {
      credentialId,
      deviceId,
      action: Action.SESSION,
      justification,
      start: undefined,
      end: undefined,
    }
    return requestOf((await requests.createRequest(request, { callerToken })).request)
  },
  watchRequest: async function* (callerToken, id, signal) {
    for await (const message of requests.watchRequest({ id }, { callerToken, signal })) {
      yield requestOf(message.request)
    }
  },
  issueGrant: async (callerToken, { credentialId, deviceId }, sourceAddress) => {
    const request = { credentialId, deviceId, action: Action.SESSION, sourceAddress }
    const { statement, grant } = await grants.issueGrant(request, { callerToken })
    if (grant?.endsAt === undefined || statement === '') throw new SallyportError('session.refused')
    return { statement, grantId: grant.id, requestId: grant.requestId, endsAt: grant.endsAt }
  },
})

const targetOf = (target: TargetSummary): Target => ({
  credentialId: target.credentialId,
  deviceId: target.deviceId,
  name: formatTarget({
    ...(target.domain !== '' && { domain: target.domain }),
    username: target.username,
    device: target.deviceName,
  }),
})

const OUTCOMES: ReadonlyMap<Outcome, Verdict['outcome']> = new Map([
  [Outcome.ALLOWED, 'allowed'],
  [Outcome.JUSTIFICATION_REQUIRED, 'justification'],
  [Outcome.APPROVAL_REQUIRED, 'approval'],
])

/** An outcome that this version does not know is a denial. */
const verdictOf = ({ outcome, requestId, requestState }: Decision): Verdict => ({
  outcome: OUTCOMES.get(outcome) ?? 'denied',
  ...(requestId !== '' && { requestId }),
  ...(requestState === RequestState.PENDING && { requestState: 'pending' }),
  ...(requestState === RequestState.APPROVED && { requestState: 'approved' }),
})

const STATES: ReadonlyMap<RequestState, AccessRequest['state']> = new Map([
  [RequestState.PENDING, 'pending'],
  [RequestState.APPROVED, 'approved'],
  [RequestState.DISAPPROVED, 'disapproved'],
  [RequestState.CANCELED, 'canceled'],
  [RequestState.REVOKED, 'revoked'],
  [RequestState.EXPIRED, 'expired'],
])

const requestOf = (wire: WireRequest | undefined): AccessRequest => {
  const state = wire && STATES.get(wire.state)
  if (wire === undefined || state === undefined) throw new SallyportError('session.refused')
  return {
    id: wire.id,
    state,
    approvalsNeeded: wire.approvalsNeeded,
    approvals: wire.approvals.filter(approval => approval.approved).length,
    approverNames: wire.approverNames,
    comment: wire.approvals.at(-1)?.comment ?? '',
    start: wire.start,
  }
}
