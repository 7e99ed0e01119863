import type {
  AccessGroup as AccessGroupMessage,
  AccessGroupDefinition,
} from '@sallyport/contracts/access_control/v1/access'
import type { AccessGroup } from '../generated/prisma/client.ts'
import { readCriteria, readRule } from '../store/policy.ts'
import { warningsOf } from './access-group-definition.ts'

export const accessGroupMessage = (row: AccessGroup): AccessGroupMessage => ({
  id: row.id,
  definition: definitionMessage(row),
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  warnings: warningsOf({ criteria: readCriteria(row.criteria) }),
})

const definitionMessage = (row: AccessGroup): AccessGroupDefinition => ({
  name: row.name,
  description: row.description,
  userIds: row.userIds,
  userGroupIds: row.userGroupIds,
  criteria: readCriteria(row.criteria),
  view: readRule(row.viewRule),
  session: readRule(row.sessionRule),
  approverUserIds: row.approverUserIds,
  approverGroupIds: row.approverGroupIds,
})
