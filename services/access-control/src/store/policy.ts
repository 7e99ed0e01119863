import { z } from 'zod'
import { type Criteria, compileCriteria, type Target } from '../domain/criteria.ts'
import { type AccessGroup, type Action, type Decision, decide, type Rule } from '../domain/decision.ts'
import type { AccessGroup as AccessGroupRow } from '../generated/prisma/client.ts'
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

/** A stored group as decisions see it. What cannot be read throws: a broken policy row refuses, it does not vanish. */
export const readAccessGroup = (row: AccessGroupRow): AccessGroup => ({
  id: row.id,
  name: row.name,
  userIds: row.userIds,
  userGroupIds: row.userGroupIds,
  criteria: compileCriteria(readCriteria(row.criteria)),
  rules: { view: readRule(row.viewRule), session: readRule(row.sessionRule) },
  approverUserIds: row.approverUserIds,
  approverGroupIds: row.approverGroupIds,
})

type User = { id: string; userName: string }

/** One user's policy: decides as often as asked on what was read once. */
export type UserPolicy = (target: Target, action: Action) => Decision

export const policyOf = async (tx: Tx, user: User): Promise<UserPolicy> => {
  const userGroupIds = await userGroupIdsOf(tx, user.id)
  const rows = await tx.accessGroup.findMany({
    where: { OR: [{ userIds: { has: user.id } }, { userGroupIds: { hasSome: userGroupIds } }] },
  })
  const groups = rows.map(readAccessGroup)
  return (target, action) =>
    decide({ userId: user.id, userName: user.userName, userGroupIds, target, action }, groups)
}

/** The user groups that a user is in. */
export const userGroupIdsOf = async (tx: Tx, userId: string): Promise<string[]> => {
  const groups = await tx.userGroup.findMany({ where: { userIds: { has: userId } }, select: { id: true } })
  return groups.map(group => group.id)
}
