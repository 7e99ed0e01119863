import { isForeignKeyViolation, isUniqueViolation } from '@sallyport/database/failure'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import { defaultRules, type StrengthRules } from '../domain/strength.ts'
import { foldName } from '@sallyport/names/fold-name'
import type { StrengthProfile } from '../generated/prisma/client.ts'
import type { Tx } from './database.ts'

export type StrengthProfileRow = StrengthProfile

/** Throws `strength_profile.not_found`. */
export const getStrengthProfile = async (
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<StrengthProfileRow> => {
  const profile = await tx.strengthProfile.findFirst({ where: { tenantId, id } })
  if (profile === null) throw new SallyportError('strength_profile.not_found')
  return profile
}

/** Throws `strength_profile.name_taken`. */
export const insertStrengthProfile = (
  tx: Tx,
  at: { id: string; tenantId: string; now: Date },
  name: string,
  rules: StrengthRules,
): Promise<StrengthProfileRow> =>
  tx.strengthProfile
    .create({
      data: {
        id: at.id,
        tenantId: at.tenantId,
        name,
        nameKey: foldName(name),
        ...rules,
        createdAt: at.now,
        updatedAt: at.now,
      },
    })
    .catch(nameTaken)

/** Throws `version.conflict` or `strength_profile.name_taken`. */
export const updateStrengthProfile = async (
  tx: Tx,
  at: { id: string; tenantId: string; version: number; now: Date },
  name: string,
  rules: StrengthRules,
): Promise<StrengthProfileRow> => {
  const { id, tenantId, version, now } = at
  const data = { name, nameKey: foldName(name), ...rules, updatedAt: now, version: { increment: 1 } }
  const changed = await tx.strengthProfile
    .updateMany({ where: { id, tenantId, version }, data })
    .catch(nameTaken)
  if (changed.count === 0) throw new SallyportError('version.conflict')
  return getStrengthProfile(tx, tenantId, id)
}

/** Throws `version.conflict` or `strength_profile.in_use`. */
export const deleteStrengthProfile = async (
  tx: Tx,
  where: { id: string; tenantId: string; version: number },
): Promise<void> => {
  const gone = await tx.strengthProfile.deleteMany({ where }).catch((error: unknown) => {
    throw isForeignKeyViolation(error) ? new SallyportError('strength_profile.in_use') : error
  })
  if (gone.count === 0) throw new SallyportError('version.conflict')
}

/** A page in the order in which they were made. */
export const listStrengthProfiles = (
  tx: Tx,
  tenantId: string,
  page: { after: string | undefined; limit: number },
): Promise<StrengthProfileRow[]> =>
  tx.strengthProfile.findMany({
    where: { tenantId, ...(page.after && { id: { gt: page.after } }) },
    orderBy: { id: 'asc' },
    take: page.limit,
  })

type RulesRow = {
  length: number
  min_upper: number
  min_lower: number
  min_digits: number
  min_symbols: number
  forbidden: string
}

/** The rules by which a credential's passwords are made. */
export const rulesOf = async (
  sql: Sql,
  tenantId: string,
  profileId: string | undefined,
): Promise<StrengthRules> => {
  if (profileId === undefined) return defaultRules
  const [row] = await sql.query<RulesRow>(
    `select length, min_upper, min_lower, min_digits, min_symbols, forbidden
     from strength_profiles where tenant_id = $1 and id = $2`,
    [tenantId, profileId],
  )
  if (row === undefined) throw new SallyportError('strength_profile.not_found')
  return {
    length: row.length,
    minUpper: row.min_upper,
    minLower: row.min_lower,
    minDigits: row.min_digits,
    minSymbols: row.min_symbols,
    forbidden: row.forbidden,
  }
}

const nameTaken = (error: unknown): never => {
  throw isUniqueViolation(error) ? new SallyportError('strength_profile.name_taken') : error
}
