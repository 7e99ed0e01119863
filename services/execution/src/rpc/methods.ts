import type {
  HostKeyServiceService,
  OperationServiceService,
  RotationPolicyServiceService,
  TemplateServiceService,
} from '@sallyport/contracts/execution/v1/execution'
import type { MethodRow, MethodTable } from '@sallyport/rpc/methods'

const gateway = { callers: ['gateway'] } as const satisfies Partial<MethodRow>

export const templateMethods: MethodTable<typeof TemplateServiceService> = {
  createTemplate: { ...gateway, permission: 'template.manage', rate: 'write', audit: 'template.created' },
  getTemplate: { ...gateway, permission: 'template.read', rate: 'read', audit: 'none' },
  listTemplates: { ...gateway, permission: 'template.read', rate: 'read', audit: 'none' },
  updateTemplate: { ...gateway, permission: 'template.manage', rate: 'write', audit: 'template.updated' },
  deleteTemplate: { ...gateway, permission: 'template.manage', rate: 'write', audit: 'template.deleted' },
}

export const rotationPolicyMethods: MethodTable<typeof RotationPolicyServiceService> = {
  putRotationPolicy: {
    ...gateway,
    permission: 'template.manage',
    rate: 'write',
    audit: 'rotation_policy.changed',
  },
  getRotationPolicy: { ...gateway, permission: 'template.read', rate: 'read', audit: 'none' },
  deleteRotationPolicy: {
    ...gateway,
    permission: 'template.manage',
    rate: 'write',
    audit: 'rotation_policy.deleted',
  },
}

export const operationMethods: MethodTable<typeof OperationServiceService> = {
  requestRotation: {
    ...gateway,
    permission: 'operation.manage',
    rate: 'write',
    audit: 'operation.scheduled',
  },
  getOperation: { ...gateway, permission: 'operation.read', rate: 'read', audit: 'none' },
  listOperations: { ...gateway, permission: 'operation.read', rate: 'read', audit: 'none' },
  cancelOperation: { ...gateway, permission: 'operation.manage', rate: 'write', audit: 'operation.canceled' },
  restartOperation: { ...gateway, permission: 'operation.manage', rate: 'write', audit: 'operation.retried' },
  listAttempts: { ...gateway, permission: 'operation.read', rate: 'read', audit: 'none' },
}

export const hostKeyMethods: MethodTable<typeof HostKeyServiceService> = {
  scanHostKeys: { ...gateway, permission: 'device.manage', rate: 'write', audit: 'device.host_key_fetched' },
}
