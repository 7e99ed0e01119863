import type { OcsfActivityName } from './ocsf-activities.ts'

/** OCSF severity_id by name. */
export const severities = {
  informational: 1,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
  fatal: 6,
} as const

export type Severity = keyof typeof severities

/** What is fixed about an audit event code. */
export type CatalogueRow = {
  /** What happened, in the past tense, for a reader who knows the product. */
  readonly title: string
  readonly severity: Severity
  readonly ocsf: OcsfActivityName
  /** The only details that such an event may carry. Never secret material. */
  readonly details: readonly string[]
}
