import { accessCodes } from './catalogue/access.ts'
import { auditCodes } from './catalogue/audit.ts'
import { directoryCodes } from './catalogue/directory.ts'
import { executionCodes } from './catalogue/execution.ts'
import { platformCodes } from './catalogue/platform.ts'
import { sessionCodes } from './catalogue/session.ts'
import { vaultCodes } from './catalogue/vault.ts'
import type { CatalogueRow } from './catalogue-row.ts'

type Catalogue = typeof platformCodes &
  typeof directoryCodes &
  typeof accessCodes &
  typeof vaultCodes &
  typeof sessionCodes &
  typeof executionCodes &
  typeof auditCodes

/**
 * Every audit event there is. Codes are stable: SIEM rules match on them. A code may be added, never renamed, and
 * docs/events.md lists them.
 */
export const catalogue: Catalogue = {
  ...platformCodes,
  ...directoryCodes,
  ...accessCodes,
  ...vaultCodes,
  ...sessionCodes,
  ...executionCodes,
  ...auditCodes,
}

export type AuditCode = keyof Catalogue

/** The details that events of this code may carry. */
export type DetailKey<C extends AuditCode> = Catalogue[C]['details'][number]

export const isAuditCode = (text: string): text is AuditCode => Object.hasOwn(catalogue, text)

/** The code's row, or undefined for a code of a newer version. */
export const rowOf = (code: string): CatalogueRow | undefined =>
  isAuditCode(code) ? catalogue[code] : undefined
