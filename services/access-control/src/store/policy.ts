import { sqlOf } from '@sallyport/database/sql'
import { z } from 'zod'
import { type Criteria, compileCriteria, type Target } from '../domain/criteria.ts'
import { type AccessGroup, type Action, type Decision, decide, type Rule } from '../domain/decision.ts'
import type { Tx } from './store.ts'

const criteriaSchema = z.strictObject({
  deviceName: z.string(),
  deviceAddress: z.string(),
  deviceTags: z.string(),
  deviceType: z.string(),
  deviceSite: z.string(),
  credentialUsername: z.string(),
  credentialTags: z.string(),
  credentialType: z.string(),
  credentialCriticality: z.string(),
})

const ruleSchema = z.strictObject({
  allowed: z.boolean(),
  justification: z.boolean(),
  approvals: z.int().min(0),
  maxWindowSeconds: z.int().min(1),
})

export const readCriteria = (stored: unknown): Criteria => criteriaSchema.parse(stored)
export const readRule = (stored: unknown): Rule => ruleSchema.parse(stored)

type Row = {
  id: string
  name: string
  criteria: unknown
  view_rule: unknown
  session_rule: unknown
  user_ids: string[]
  user_group_ids: string[]
  approver_user_ids: string[]
  approver_group_ids: string[]
}

/** A stored group as decisions see it. What cannot be read throws: a broken policy row refuses, it does not vanish. */
const readAccessGroup = (row: Row): AccessGroup => ({
  id: row.id,
  name: row.name,
  userIds: row.user_ids,
  userGroupIds: row.user_group_ids,
  criteria: compileCriteria(readCriteria(row.criteria)),
  rules: { view: readRule(row.view_rule), session: readRule(row.session_rule) },
  approverUserIds: row.approver_user_ids,
  approverGroupIds: row.approver_group_ids,
})

export type User = { id: string; userName: string }

/** One user's policy: decides as often as asked on what was read once. */
export type UserPolicy = (target: Target, action: Action) => Decision

/** The access groups that hold a user, all of one moment. */
export type HoldingGroups = readonly AccessGroup[]

// Of a group's members only those are read through whom it holds the user: a group may have thousands.
const holdingSql = `
  with direct as (select group_id from memberships where member_id = $1::uuid),
  holding as (
    select group_id from direct
    union select members.group_id from memberships as members join direct on members.member_id = direct.group_id)
  select id, name, criteria, view_rule, session_rule, approver_user_ids, approver_group_ids,
    array(select member from unnest(user_ids) as member where member = $1::uuid) as user_ids,
    array(select member from unnest(user_group_ids) as member where member in (select group_id from direct))
      as user_group_ids
  from access_groups where id in (select group_id from holding)`

export const readHoldingGroups = async (tx: Tx, userId: string): Promise<HoldingGroups> =>
  (await sqlOf(tx).query<Row>(holdingSql, [userId])).map(readAccessGroup)

export const policyFrom = (user: User, groups: HoldingGroups): UserPolicy => {
  const userGroupIds = groups.flatMap(group => group.userGroupIds)
  return (target, action) =>
    decide({ userId: user.id, userName: user.userName, userGroupIds, target, action }, groups)
}

/** The policy as it is in this transaction, which may have changed it. */
export const policyOf = async (tx: Tx, user: User): Promise<UserPolicy> =>
  policyFrom(user, await readHoldingGroups(tx, user.id))

/** The user groups that a user is in. */
export const userGroupIdsOf = async (tx: Tx, userId: string): Promise<string[]> => {
  const groups = await sqlOf(tx).query<{ id: string }>(
    'select id from user_groups where id in (select group_id from memberships where member_id = $1::uuid)',
    [userId],
  )
  return groups.map(group => group.id)
}
