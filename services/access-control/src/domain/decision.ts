import type { CompiledCriteria, Target } from './criteria.ts'
import { criteriaMatch } from './criteria.ts'

/** What access groups decide on. Changing a secret is an operation's matter, and no group's. */
export type Action = 'view' | 'session'

/** On what conditions an action is allowed. */
export type Rule = {
  allowed: boolean
  justification: boolean
  approvals: number
  maxWindowSeconds: number
}

export type AccessGroup = {
  id: string
  name: string
  userIds: readonly string[]
  userGroupIds: readonly string[]
  criteria: CompiledCriteria
  rules: Readonly<Record<Action, Rule>>
  approverUserIds: readonly string[]
  approverGroupIds: readonly string[]
}

export type Outcome = 'allowed' | 'justification-required' | 'approval-required' | 'denied'

export type Imposed = 'allowed' | 'denied' | 'justification' | 'approvals' | 'max_window'

/** Which group imposed what. */
export type Reason = { accessGroupId: string; accessGroupName: string; imposed: Imposed; text: string }

export type Decision = {
  outcome: Outcome
  rule: Rule
  reasons: readonly Reason[]
  /** Whether any group matched. If not, the user must not learn that the target exists. */
  matched: boolean
  /** Who may decide on a request: the approvers of the groups that ask for approval. */
  approvers: { userIds: readonly string[]; groupIds: readonly string[] }
}

export type Question = {
  userId: string
  userName: string
  /** The user groups that the user is in. */
  userGroupIds: readonly string[]
  target: Target
  action: Action
}

export const defaultMaxWindowSeconds: number = 8 * 3600

/** Nobody matched, nothing is allowed. Never a member of a merge. */
const nothing: Rule = { allowed: false, justification: true, approvals: 0, maxWindowSeconds: 0 }

/** The most restrictive of two rules, dimension by dimension: a meet in a lattice. */
export const meet = (a: Rule, b: Rule): Rule => {
  return {
    allowed: a.allowed && b.allowed,
    justification: a.justification || b.justification,
    approvals: Math.max(a.approvals, b.approvals),
    maxWindowSeconds: Math.min(a.maxWindowSeconds, b.maxWindowSeconds),
  }
}

/** Decides by all groups that hold the user and match the target. No such group: denied. */
export const decide = (question: Question, groups: readonly AccessGroup[]): Decision => {
  const matching = groups
    .filter(group => appliesTo(group, question))
    // The answer must not depend on the order in which storage gives the groups.
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const rules = matching.map(group => group.rules[question.action])
  const rule = rules.length === 0 ? nothing : rules.reduce(meet)
  return {
    outcome: outcomeOf(rule),
    rule,
    reasons: matching.flatMap(group => reasonsOf(group, group.rules[question.action], rule)),
    matched: matching.length > 0,
    approvers: approversOf(matching, question.action),
  }
}

const appliesTo = (group: AccessGroup, question: Question): boolean => {
  const holdsUser =
    group.userIds.includes(question.userId) ||
    group.userGroupIds.some(id => question.userGroupIds.includes(id))
  return holdsUser && criteriaMatch(group.criteria, question.target, question.userName)
}

const outcomeOf = (rule: Rule): Outcome => {
  if (!rule.allowed) return 'denied'
  if (rule.approvals > 0) return 'approval-required'
  return rule.justification ? 'justification-required' : 'allowed'
}

const approversOf = (groups: readonly AccessGroup[], action: Action): Decision['approvers'] => {
  const asking = groups.filter(group => group.rules[action].approvals > 0)
  return {
    userIds: [...new Set(asking.flatMap(group => group.approverUserIds))],
    groupIds: [...new Set(asking.flatMap(group => group.approverGroupIds))],
  }
}

/** A group is named for each dimension in which the merged rule is as strict as the group's own. */
const reasonsOf = (group: AccessGroup, own: Rule, merged: Rule): Reason[] => {
  const reason = (imposed: Imposed, text: string): Reason => ({
    accessGroupId: group.id,
    accessGroupName: group.name,
    imposed,
    text: `Access group “${group.name}” ${text}.`,
  })
  if (!own.allowed) return [reason('denied', 'does not allow this')]
  const reasons: Reason[] = []
  if (merged.allowed) reasons.push(reason('allowed', 'allows this'))
  if (own.justification) reasons.push(reason('justification', 'asks for a justification'))
  if (own.approvals > 0 && own.approvals === merged.approvals) {
    reasons.push(reason('approvals', `asks for ${own.approvals} approval${own.approvals > 1 ? 's' : ''}`))
  }
  if (own.maxWindowSeconds === merged.maxWindowSeconds) {
    reasons.push(reason('max_window', `allows at most ${describeSeconds(own.maxWindowSeconds)} at a time`))
  }
  return reasons
}

const describeSeconds = (seconds: number): string => {
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`
}
