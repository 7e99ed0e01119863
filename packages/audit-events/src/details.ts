import { type AuditCode, catalogue, type DetailKey } from './catalogue.ts'
import type { CatalogueRow } from './catalogue-row.ts'
import { safeText } from './safe-text.ts'

/** What a detail may be. No objects: a `Secret`, an error or a request cannot slip in. */
export type DetailValue = string | number | bigint | boolean | Date | readonly string[] | undefined

/** The details of an event with this code; a key that the catalogue does not list does not compile. */
export type Details<C extends AuditCode> = { readonly [K in DetailKey<C>]?: DetailValue }

const maxDetail = 1000

const textOf = (value: Exclude<DetailValue, undefined>): string => {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? value.join(', ') : String(value)
}

/** The listed details as safe text. What the catalogue does not list is left out, whatever the types said. */
export const renderDetails = <C extends AuditCode>(code: C, details: Details<C>): Record<string, string> => {
  const given: Readonly<Record<string, DetailValue>> = details
  const { details: allowed }: CatalogueRow = catalogue[code]
  const rendered: Record<string, string> = {}
  for (const key of allowed) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined
    if (value !== undefined) rendered[key] = safeText(textOf(value), maxDetail)
  }
  return rendered
}
