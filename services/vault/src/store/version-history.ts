import type { Sql } from '@sallyport/database/sql'
import type { VersionState } from '../domain/version-states.ts'

/** A version without its material. */
export type VersionSummary = {
  number: number
  state: VersionState
  created_at: Date
  promoted_at: Date | null
  created_by_user_id: string | null
  operation_id: string | null
}

/** A page, newest first. */
export const listVersions = (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  page: { before: number | undefined; limit: number },
): Promise<VersionSummary[]> =>
  sql.query<VersionSummary>(
    `select number, state, created_at, promoted_at, created_by_user_id, operation_id
     from secret_versions
     where tenant_id = $1::uuid and credential_id = $2::uuid and ($3::int is null or number < $3::int)
     order by number desc limit $4`,
    [tenantId, credentialId, page.before ?? null, page.limit],
  )
