import type {
  AccessGroupDefinition,
  Criteria as CriteriaMessage,
  Rule as RuleMessage,
} from '@sallyport/contracts/access_control/v1/access'
import { SallyportError } from '@sallyport/errors/error'
import { compileCriteria, type Criteria, criteriaWarnings } from '../domain/criteria.ts'
import { defaultMaxWindowSeconds, type Rule } from '../domain/decision.ts'
import { checkedIds, checkedName, checkedText } from './checks.ts'

/** A definition as the contract gives it, checked, in the form of a row. */
export type Definition = {
  name: string
  description: string
  userIds: string[]
  userGroupIds: string[]
  criteria: Criteria
  viewRule: Rule
  sessionRule: Rule
  approverUserIds: string[]
  approverGroupIds: string[]
}

const maxApprovals = 10
const minWindowSeconds = 60
const maxWindowSeconds = 30 * 24 * 3600

export const readDefinition = (message: AccessGroupDefinition | undefined): Definition => {
  if (message === undefined) throw invalid('a definition is missing')
  const definition = {
    name: checkedName(message.name),
    description: checkedText(message.description, 'description'),
    userIds: checkedIds(message.userIds, 'user.not_found'),
    userGroupIds: checkedIds(message.userGroupIds, 'user_group.not_found'),
    criteria: readCriteria(message.criteria),
    viewRule: readRule(message.view),
    sessionRule: readRule(message.session),
    approverUserIds: checkedIds(message.approverUserIds, 'user.not_found'),
    approverGroupIds: checkedIds(message.approverGroupIds, 'user_group.not_found'),
  }
  checkApprovers(definition)
  return definition
}

export const warningsOf = (definition: Pick<Definition, 'criteria'>): string[] =>
  criteriaWarnings(compileCriteria(definition.criteria))

const readCriteria = (message: CriteriaMessage | undefined): Criteria => {
  const criteria: Criteria = {
    deviceName: message?.deviceName ?? '',
    deviceAddress: message?.deviceAddress ?? '',
    deviceTags: message?.deviceTags ?? '',
    deviceType: message?.deviceType ?? '',
    deviceSite: message?.deviceSite ?? '',
    credentialUsername: message?.credentialUsername ?? '',
    credentialTags: message?.credentialTags ?? '',
    credentialType: message?.credentialType ?? '',
    credentialCriticality: message?.credentialCriticality ?? '',
  }
  compileCriteria(criteria)
  return criteria
}

/** An absent rule allows nothing. */
const readRule = (message: RuleMessage | undefined): Rule => {
  const rule: Rule = {
    allowed: message?.allowed ?? false,
    justification: message?.justification ?? false,
    approvals: message?.approvals ?? 0,
    maxWindowSeconds: message?.maxWindowSeconds || defaultMaxWindowSeconds,
  }
  if (rule.approvals < 0 || rule.approvals > maxApprovals)
    throw invalid(`a rule asks for 0 to ${maxApprovals} approvals`)
  if (rule.maxWindowSeconds < minWindowSeconds || rule.maxWindowSeconds > maxWindowSeconds) {
    throw invalid('a window lasts at least a minute and at most 30 days')
  }
  return rule
}

/** A rule that nobody can satisfy would lock everybody out without saying so. */
const checkApprovers = ({ viewRule, sessionRule, approverUserIds, approverGroupIds }: Definition): void => {
  const asks = [viewRule, sessionRule].some(rule => rule.allowed && rule.approvals > 0)
  if (asks && approverUserIds.length === 0 && approverGroupIds.length === 0) {
    throw invalid('a group that asks for approval names its approvers')
  }
}

const invalid = (message: string): SallyportError => new SallyportError('request.invalid', message)
