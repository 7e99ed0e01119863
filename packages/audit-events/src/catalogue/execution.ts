/** execution: operations on targets, their templates, and rotations. */
export const executionCodes = {
  'template.created': {
    title: 'An execution template was created',
    severity: 'medium',
    ocsf: 'entity.create',
    details: ['name', 'version', 'executor'],
  },
  'template.updated': {
    title: 'An execution template was changed',
    severity: 'medium',
    ocsf: 'entity.update',
    details: ['name', 'version', 'fields'],
  },
  'template.deleted': {
    title: 'An execution template was deleted',
    severity: 'medium',
    ocsf: 'entity.delete',
    details: ['name'],
  },
  'operation.scheduled': {
    title: 'An operation was scheduled',
    severity: 'low',
    ocsf: 'api.create',
    details: ['operation_id', 'kind', 'trigger', 'credential_id', 'device_id', 'due_at'],
  },
  'operation.started': {
    title: 'An attempt at an operation started',
    severity: 'low',
    ocsf: 'api.other',
    details: [
      'operation_id',
      'kind',
      'attempt',
      'template',
      'template_version',
      'credential_id',
      'device_id',
    ],
  },
  'operation.succeeded': {
    title: 'An operation succeeded',
    severity: 'low',
    ocsf: 'api.update',
    details: ['operation_id', 'kind', 'attempt', 'credential_id', 'device_id'],
  },
  'operation.failed': {
    title: 'An operation failed',
    severity: 'high',
    ocsf: 'api.update',
    details: ['operation_id', 'kind', 'attempt', 'credential_id', 'device_id', 'step', 'reason', 'final'],
  },
  'operation.retried': {
    title: 'Somebody asked for an operation to be tried again',
    severity: 'low',
    ocsf: 'api.update',
    details: ['operation_id', 'kind'],
  },
  'operation.canceled': {
    title: 'An operation was canceled',
    severity: 'medium',
    ocsf: 'api.delete',
    details: ['operation_id', 'kind', 'reason'],
  },
  'rotation.succeeded': {
    title: "An account's secret was changed on its target",
    severity: 'medium',
    ocsf: 'account.password-change',
    details: ['operation_id', 'credential_id', 'device_id', 'version', 'trigger'],
  },
  'rotation.failed': {
    title: "An account's secret could not be changed on its target",
    severity: 'high',
    ocsf: 'account.password-change',
    details: ['operation_id', 'credential_id', 'device_id', 'step', 'reason', 'state'],
  },
  'rotation.resolved': {
    title: 'An interrupted change was resolved by probing both secrets',
    severity: 'high',
    ocsf: 'account.other',
    details: ['operation_id', 'credential_id', 'device_id', 'found', 'step'],
  },
  'credential.verified': {
    title: 'A secret was tried on its target',
    severity: 'low',
    ocsf: 'account.other',
    details: ['operation_id', 'credential_id', 'device_id', 'result', 'reason'],
  },
} as const
