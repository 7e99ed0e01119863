import {
  HostKeyServiceService,
  OperationServiceService,
  RotationPolicyServiceService,
  TemplateServiceService,
} from '@sallyport/contracts/execution/v1/execution'
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { Egress } from '@sallyport/egress/egress'
import type { Inventory } from '../clients/vault.ts'
import type { Store } from '../store/store.ts'
import { cancelOperation } from './cancel-operation.ts'
import { createTemplate } from './create-template.ts'
import { deleteRotationPolicy } from './delete-rotation-policy.ts'
import { deleteTemplate } from './delete-template.ts'
import { getOperation } from './get-operation.ts'
import { getRotationPolicy } from './get-rotation-policy.ts'
import { getTemplate } from './get-template.ts'
import { listAttempts } from './list-attempts.ts'
import { listOperations } from './list-operations.ts'
import { listTemplates } from './list-templates.ts'
import { hostKeyMethods, operationMethods, rotationPolicyMethods, templateMethods } from './methods.ts'
import { putRotationPolicy } from './put-rotation-policy.ts'
import { requestRotation } from './request-rotation.ts'
import { restartOperation } from './restart-operation.ts'
import { scanHostKeys } from './scan-host-keys.ts'
import { updateTemplate } from './update-template.ts'

type Deps = { store: Store; inventory: Inventory; egress: Egress; clock: { now(): Date } }

export const bindings = (deps: Deps): Binding[] => [
  bind(TemplateServiceService, templateMethods, {
    createTemplate: createTemplate(deps),
    getTemplate: getTemplate(deps),
    listTemplates: listTemplates(deps),
    updateTemplate: updateTemplate(deps),
    deleteTemplate: deleteTemplate(deps),
  }),
  bind(RotationPolicyServiceService, rotationPolicyMethods, {
    putRotationPolicy: putRotationPolicy(deps),
    getRotationPolicy: getRotationPolicy(deps),
    deleteRotationPolicy: deleteRotationPolicy(deps),
  }),
  bind(OperationServiceService, operationMethods, {
    requestRotation: requestRotation(deps),
    getOperation: getOperation(deps),
    listOperations: listOperations(deps),
    cancelOperation: cancelOperation(deps),
    restartOperation: restartOperation(deps),
    listAttempts: listAttempts(deps),
  }),
  bind(HostKeyServiceService, hostKeyMethods, { scanHostKeys: scanHostKeys(deps) }),
]
