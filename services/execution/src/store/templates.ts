import type { Sql } from '@sallyport/database/sql'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { Pool } from 'pg'
import { AttemptFailure } from '../domain/rotation/failure.ts'
import type { Template } from '../domain/template/ast.ts'
import { builtInTemplate } from '../domain/template/built-in.ts'
import { parseTemplate } from '../domain/template/parse.ts'

/** The template that an operation was ordered with. */
export type TemplateSources = {
  /** Throws AttemptFailure if it is gone or does not parse any more. */
  load(tenantId: string, id: string, version: number): Promise<Template>
}

export const templateSources = (pool: Pool): TemplateSources => ({
  load: async (tenantId, id, version) => {
    const source =
      builtInTemplate(id)?.source ??
      (await pgTenantTransaction(pool, tenantId, sql => find(sql, id, version)))
    const parsed = source === undefined ? undefined : parseTemplate(source)
    if (parsed?.ok === true) return parsed.template
    throw new AttemptFailure('unsupported', 'The template is gone, or this version cannot read it')
  },
})

const find = async (sql: Sql, id: string, version: number): Promise<string | undefined> => {
  const [row] = await sql.query<{ source: string }>(
    'select source from template_sources where template_id = $1::uuid and number = $2::int',
    [id, version],
  )
  return row?.source
}
