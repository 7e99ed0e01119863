import { randomUUID } from 'node:crypto'
import type { Operation, RotationPolicy, Template } from '@sallyport/contracts/execution/v1/execution'
import type { Caller } from '@sallyport/identity/caller-token'
import { builtInTemplates } from '../../src/domain/template/built-in.ts'
import type { ServiceUnderTest } from './service-under-test.ts'

export const own: string = builtInTemplates[0]?.id ?? ''
export const source = 'exec passwd\nend\n'

/** What a user of the service does most. */
export const userOf = (service: ServiceUnderTest, caller: Caller) => ({
  caller,
  newTemplate: async (name = 'mine'): Promise<Template> => {
    const request = { name, description: '', executor: 'ssh', source }
    const { template } = await service.templates.createTemplate(request, await service.as(caller))
    if (template === undefined) throw new Error('no template')
    return template
  },
  newPolicy: async (changes: Partial<RotationPolicy> = {}) => {
    const [credentialId, deviceId] = [randomUUID(), randomUUID()]
    service.addTarget(caller.tenantId, credentialId, deviceId)
    const request = {
      credentialId,
      deviceId,
      version: 0,
      templateId: own,
      privilegedCredentialId: '',
      maxAttempts: 0,
      afterReveal: false,
      afterSession: false,
      afterWindow: false,
      ...changes,
    }
    await service.policies.putRotationPolicy(request, await service.as(caller))
    return request
  },
  operationsOf: async (credentialId: string): Promise<Operation[]> => {
    const request = { credentialId, state: 0, page: undefined } as const
    return (await service.operations.listOperations(request, await service.as(caller))).operations
  },
})
