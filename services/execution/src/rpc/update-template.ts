import { recordAudit } from '@sallyport/audit-events/record'
import { UpdateTemplateRequest, UpdateTemplateResponse } from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Template } from '../generated/prisma/client.ts'
import type { Store, Tx } from '../store/store.ts'
import { checkVersion, existingId, shortText } from './checks.ts'
import { checkedSource } from './checked-source.ts'
import { nameTaken } from './create-template.ts'
import { findOwnTemplate, sourceOf, templateMessage } from './template-message.ts'
import { write } from './write.ts'

type Deps = { store: Store; clock: { now(): Date } }
type Changes = { name?: string; description?: string; source?: string }

export const updateTemplate =
  ({ store, clock }: Deps) =>
  (request: UpdateTemplateRequest, call: Call): Promise<UpdateTemplateResponse> => {
    const id = existingId(request.id, 'template.not_found')
    const changes = checked(request)
    return write(store, call, [request, UpdateTemplateRequest], UpdateTemplateResponse, async tx => {
      const before = await findOwnTemplate(tx, id)
      checkVersion(request.version, before.version)
      const row = await update(tx, before, changes, clock.now())
      await recordAudit(sqlOf(tx), call, 'template.updated', {
        target: { kind: 'template', id, name: row.name },
        details: { name: row.name, version: row.templateVersion, fields: Object.keys(changes) },
      })
      return { template: templateMessage(row, await sourceOf(tx, row)) }
    })
  }

const checked = ({ name, description, source }: UpdateTemplateRequest): Changes => ({
  ...(name !== undefined && { name: shortText(name, 'name', 100, 1) }),
  ...(description !== undefined && { description: shortText(description, 'description', 1000) }),
  ...(source !== undefined && { source: checkedSource(source) }),
})

/** The version is part of the condition, so that of two writers at once one loses. */
const update = async (
  tx: Tx,
  before: Template,
  { source, ...attributes }: Changes,
  now: Date,
): Promise<Template> => {
  const { id, tenantId, version } = before
  const templateVersion = before.templateVersion + (source === undefined ? 0 : 1)
  const data = { ...attributes, templateVersion, version: version + 1, updatedAt: now }
  const { count } = await tx.template.updateMany({ where: { id, version }, data }).catch(nameTaken)
  if (count !== 1) throw new SallyportError('version.conflict')
  if (source !== undefined) {
    await tx.templateSource.create({
      data: { tenantId, templateId: id, number: templateVersion, source, createdAt: now },
    })
  }
  return { ...before, ...data }
}
