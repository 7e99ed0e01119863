import {
  Action,
  type Decision,
  Outcome,
  RequestState,
  type Rule,
  type TargetSummary,
} from '@sallyport/contracts/access_control/v1/access'
import { z } from 'zod'
import { textReply } from './fields.ts'
import { present, textOf, type WireEnum, wireEnum } from './wire.ts'

/** What people may do; changing a secret is only for operations. */
export const actions: WireEnum<'view' | 'session', Action> = wireEnum([
  ['view', Action.VIEW],
  ['session', Action.SESSION],
])

const outcomes = wireEnum([
  ['allowed', Outcome.ALLOWED],
  ['justification-required', Outcome.JUSTIFICATION_REQUIRED],
  ['approval-required', Outcome.APPROVAL_REQUIRED],
  ['denied', Outcome.DENIED],
])

type RequestStateName = 'pending' | 'approved' | 'disapproved' | 'canceled' | 'revoked' | 'expired'

export const requestStates: WireEnum<RequestStateName, RequestState> = wireEnum([
  ['pending', RequestState.PENDING],
  ['approved', RequestState.APPROVED],
  ['disapproved', RequestState.DISAPPROVED],
  ['canceled', RequestState.CANCELED],
  ['revoked', RequestState.REVOKED],
  ['expired', RequestState.EXPIRED],
])

export type TargetReply = {
  credentialId: string
  deviceId: string
  username: string
  domain: string
  deviceName: string
  deviceAddress: string
}

/** A credential on one of its devices. */
export const target: z.ZodType<TargetReply, TargetReply> = z
  .object({
    credentialId: z.string(),
    deviceId: z.string(),
    username: z.string(),
    domain: z.string(),
    deviceName: z.string(),
    deviceAddress: z.string(),
  })
  .meta({ id: 'Target' })

export const targetOf = (message: TargetSummary | undefined): TargetReply => present(message)

export type RuleReply = {
  allowed: boolean
  justification: boolean
  approvals: number
  maxWindowSeconds: number
}

export const rule: z.ZodType<RuleReply, RuleReply> = z
  .object({
    allowed: z.boolean(),
    justification: z.boolean(),
    approvals: z.int(),
    maxWindowSeconds: z.int().describe('0: the default of 8 hours'),
  })
  .meta({ id: 'Rule' })

/** A group that says nothing of an action does not allow it. */
export const ruleOf = (message: Rule | undefined): RuleReply =>
  message ?? { allowed: false, justification: false, approvals: 0, maxWindowSeconds: 0 }

export type DecisionReply = {
  outcome: 'allowed' | 'justification-required' | 'approval-required' | 'denied'
  rule: RuleReply
  reasons: { accessGroupId: string; accessGroupName: string; imposed: string; text: string }[]
  requestId: string | null
  requestState: RequestStateName | null
}

const reason = z.object({
  accessGroupId: z.string(),
  accessGroupName: z.string(),
  imposed: z.string().describe('`allowed`, `denied`, `justification`, `approvals` or `max_window`'),
  text: z.string(),
})

/** What access-control decided, and which access group imposed what. */
export const decision: z.ZodType<DecisionReply, DecisionReply> = z
  .object({
    outcome: outcomes.schema,
    rule,
    reasons: z.array(reason),
    requestId: textReply.describe('Your live request for this target and action'),
    requestState: requestStates.schema.nullable(),
  })
  .meta({ id: 'Decision' })

export const decisionOf = (message: Decision | undefined): DecisionReply => {
  const found = present(message)
  return {
    outcome: outcomes.toJson(found.outcome),
    rule: ruleOf(found.rule),
    reasons: found.reasons,
    requestId: textOf(found.requestId),
    requestState: found.requestId === '' ? null : requestStates.toJson(found.requestState),
  }
}
