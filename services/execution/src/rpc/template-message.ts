import type { Template as TemplateMessage } from '@sallyport/contracts/execution/v1/execution'
import { type BuiltInTemplate, builtInTemplate } from '../domain/template/built-in.ts'
import type { Template } from '../generated/prisma/client.ts'
import type { Tx } from '../store/store.ts'
import { SallyportError } from '@sallyport/errors/error'

export const templateMessage = (row: Template, source: string): TemplateMessage => ({
  id: row.id,
  name: row.name,
  description: row.description,
  executor: row.executor,
  source,
  templateVersion: row.templateVersion,
  builtIn: false,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})

export const builtInMessage = ({ version, ...template }: BuiltInTemplate): TemplateMessage => ({
  ...template,
  templateVersion: version,
  builtIn: true,
  version,
  createdAt: undefined,
  updatedAt: undefined,
})

/** A template of the tenant that may be changed. Throws `template.built_in` or `template.not_found`. */
export const findOwnTemplate = async (tx: Tx, id: string): Promise<Template> => {
  if (builtInTemplate(id) !== undefined) throw new SallyportError('template.built_in')
  const row = await tx.template.findUnique({ where: { id } })
  if (row === null) throw new SallyportError('template.not_found')
  return row
}

export const sourceOf = async (tx: Tx, { id, templateVersion }: Template): Promise<string> => {
  const row = await tx.templateSource.findUnique({
    where: { templateId_number: { templateId: id, number: templateVersion } },
  })
  return row?.source ?? ''
}
