import type { GetTemplateRequest, GetTemplateResponse } from '@sallyport/contracts/execution/v1/execution'
import type { Call } from '@sallyport/rpc/call'
import { builtInTemplate } from '../domain/template/built-in.ts'
import type { Store } from '../store/store.ts'
import { existingId } from './checks.ts'
import { builtInMessage, findOwnTemplate, sourceOf, templateMessage } from './template-message.ts'

type Deps = { store: Store }

export const getTemplate =
  ({ store }: Deps) =>
  async (request: GetTemplateRequest, call: Call): Promise<GetTemplateResponse> => {
    const id = existingId(request.id, 'template.not_found')
    const builtIn = builtInTemplate(id)
    if (builtIn !== undefined) return { template: builtInMessage(builtIn) }
    return store.inTenant(call.caller.tenantId, async tx => {
      const row = await findOwnTemplate(tx, id)
      return { template: templateMessage(row, await sourceOf(tx, row)) }
    })
  }
