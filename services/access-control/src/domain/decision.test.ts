import { describe, expect, it } from 'vitest'
import { compileCriteria, type Criteria, type Target } from './criteria.ts'
import { type AccessGroup, decide, type Rule } from './decision.ts'

const everything: Criteria = {
  deviceName: '',
  deviceAddress: '',
  deviceTags: '',
  deviceType: '',
  deviceSite: '',
  credentialUsername: '',
  credentialTags: '',
  credentialType: '',
  credentialCriticality: '',
}

const target: Target = {
  credentialId: 'c',
  deviceId: 'd',
  username: 'root',
  domain: '',
  credentialType: 'local-admin',
  credentialTags: ['linux', 'prod'],
  criticality: 'high',
  deviceName: 'web-1',
  deviceAddress: '10.0.0.1',
  deviceType: 'linux-server',
  deviceSite: 'berlin',
  deviceTags: ['dmz'],
}

const free: Rule = { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 28_800 }
const none: Rule = { ...free, allowed: false }

const group = (id: string, session: Rule, extra: Partial<AccessGroup> = {}): AccessGroup => ({
  id,
  name: `group ${id}`,
  userIds: ['u'],
  userGroupIds: [],
  criteria: compileCriteria(everything),
  rules: { view: none, session },
  approverUserIds: [`approver-${id}`],
  approverGroupIds: [],
  ...extra,
})

const ask = (groups: AccessGroup[], userGroupIds: string[] = []) =>
  decide({ userId: 'u', userName: 'ann', userGroupIds, target, action: 'session' }, groups)

describe('the most restrictive group wins', () => {
  it.each([
    ['no group', [], 'denied'],
    ['one that allows', [free], 'allowed'],
    ['one that asks for a reason', [{ ...free, justification: true }], 'justification-required'],
    ['one that asks for approval', [{ ...free, approvals: 1 }], 'approval-required'],
    [
      'one that allows and one that asks for a reason',
      [free, { ...free, justification: true }],
      'justification-required',
    ],
    [
      'a reason and an approval',
      [
        { ...free, justification: true },
        { ...free, approvals: 2 },
      ],
      'approval-required',
    ],
    ['one that allows and one that denies', [free, none], 'denied'],
    ['approval and denial', [{ ...free, approvals: 1 }, none], 'denied'],
  ] as const)('%s', (_title, given, outcome) => {
    expect(ask(given.map((rule, index) => group(String(index), rule))).outcome).toBe(outcome)
  })

  it('names the group that imposed each condition', () => {
    const decision = ask([group('a', free), group('b', { ...free, approvals: 2, maxWindowSeconds: 3600 })])
    expect(decision.reasons.map(reason => [reason.accessGroupId, reason.imposed])).toEqual([
      ['a', 'allowed'],
      ['b', 'allowed'],
      ['b', 'approvals'],
      ['b', 'max_window'],
    ])
    expect(decision.approvers.userIds).toEqual(['approver-b'])
  })

  it('counts group identity by text, not by a packed number', () => {
    const decision = ask([group('10000', free), group('123456', { ...free, approvals: 1 })])
    expect(decision.outcome).toBe('approval-required')
  })
})

describe('a group counts', () => {
  it('only for its users', () => {
    expect(ask([group('a', free, { userIds: ['someone-else'] })]).matched).toBe(false)
  })

  it('for members of its user groups', () => {
    const groups = [group('a', free, { userIds: [], userGroupIds: ['g'] })]
    expect(ask(groups, ['g']).outcome).toBe('allowed')
    expect(ask(groups, ['h']).outcome).toBe('denied')
  })

  it.each([
    [{ deviceName: 'web-*' }, true],
    [{ deviceName: 'db-*' }, false],
    [{ deviceTags: 'dmz,lan' }, true],
    [{ deviceTags: 'lan' }, false],
    [{ credentialTags: 'prod' }, true],
    [{ credentialCriticality: 'high' }, true],
    [{ credentialCriticality: 'low' }, false],
    [{ deviceName: 'web-*', deviceSite: 'paris' }, false],
    [{ credentialUsername: '[#USERNAME#]' }, false],
  ])('where its criteria match: %o %s', (criteria, expected) => {
    const compiled = compileCriteria({ ...everything, ...criteria })
    expect(ask([group('a', free, { criteria: compiled })]).matched).toBe(expected)
  })
})
