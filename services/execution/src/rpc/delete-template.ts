import { recordAudit } from '@sallyport/audit-events/record'
import { DeleteTemplateRequest, DeleteTemplateResponse } from '@sallyport/contracts/execution/v1/execution'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Store, Tx } from '../store/store.ts'
import { checkVersion, existingId } from './checks.ts'
import { findOwnTemplate } from './template-message.ts'
import { write } from './write.ts'

type Deps = { store: Store }

export const deleteTemplate =
  ({ store }: Deps) =>
  (request: DeleteTemplateRequest, call: Call): Promise<DeleteTemplateResponse> => {
    const id = existingId(request.id, 'template.not_found')
    return write(store, call, [request, DeleteTemplateRequest], DeleteTemplateResponse, async tx => {
      const { name, version } = await findOwnTemplate(tx, id)
      checkVersion(request.version, version)
      await refuseUsed(tx, id)
      const { count } = await tx.template.deleteMany({ where: { id, version } })
      if (count !== 1) throw new SallyportError('version.conflict')
      await recordAudit(sqlOf(tx), call, 'template.deleted', {
        target: { kind: 'template', id, name },
        details: { name },
      })
      return {}
    })
  }

const open = ['scheduled', 'running', 'unknown']

const refuseUsed = async (tx: Tx, templateId: string): Promise<void> => {
  const policies = await tx.rotationPolicy.count({ where: { templateId } })
  const operations = await tx.operation.count({ where: { templateId, state: { in: open } } })
  if (policies + operations > 0) throw new SallyportError('template.in_use')
}
