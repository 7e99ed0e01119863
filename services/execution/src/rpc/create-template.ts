import { recordAudit } from '@sallyport/audit-events/record'
import { CreateTemplateRequest, CreateTemplateResponse } from '@sallyport/contracts/execution/v1/execution'
import { isUniqueViolation } from '@sallyport/database/failure'
import { sqlOf } from '@sallyport/database/sql'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Store } from '../store/store.ts'
import { shortText } from './checks.ts'
import { checkedSource } from './checked-source.ts'
import { templateMessage } from './template-message.ts'
import { write } from './write.ts'

type Deps = { store: Store; clock: { now(): Date } }

export const createTemplate =
  ({ store, clock }: Deps) =>
  (request: CreateTemplateRequest, call: Call): Promise<CreateTemplateResponse> => {
    const name = shortText(request.name, 'name', 100, 1)
    const description = shortText(request.description, 'description', 1000)
    const source = checkedSource(request.source)
    if (request.executor !== 'ssh') throw new SallyportError('request.invalid', 'executor must be "ssh"')
    return write(store, call, [request, CreateTemplateRequest], CreateTemplateResponse, async tx => {
      const { tenantId } = call.caller
      const now = clock.now()
      const row = await tx.template
        .create({
          data: {
            id: uuidV7(now),
            tenantId,
            name,
            description,
            executor: 'ssh',
            templateVersion: 1,
            createdAt: now,
            updatedAt: now,
          },
        })
        .catch(nameTaken)
      await tx.templateSource.create({
        data: { tenantId, templateId: row.id, number: 1, source, createdAt: now },
      })
      await recordAudit(sqlOf(tx), call, 'template.created', {
        target: { kind: 'template', id: row.id, name },
        details: { name, version: 1, executor: 'ssh' },
      })
      return { template: templateMessage(row, source) }
    })
  }

/** Two templates of one name are told from each other by nobody. */
export const nameTaken = (error: unknown): never => {
  throw isUniqueViolation(error) ? new SallyportError('template.name_taken') : error
}
