/** access-control: access groups, requests, approvals and grants. */
export const accessCodes = {
  'access_group.created': {
    title: 'An access group was created',
    severity: 'medium',
    ocsf: 'entity.create',
    details: ['name', 'version'],
  },
  'access_group.updated': {
    title: 'An access group was changed',
    severity: 'medium',
    ocsf: 'entity.update',
    details: ['name', 'fields', 'version'],
  },
  'access_group.deleted': {
    title: 'An access group was deleted',
    severity: 'medium',
    ocsf: 'entity.delete',
    details: ['name'],
  },
  'access.decided': {
    title: 'Access was decided',
    severity: 'informational',
    ocsf: 'access.other',
    details: ['action', 'decision', 'reason', 'device_id', 'groups'],
  },
  'access.refused': {
    title: 'Access was refused',
    severity: 'medium',
    ocsf: 'access.other',
    details: ['action', 'reason', 'device_id', 'credential_id', 'groups'],
  },
  'request.created': {
    title: 'Access was requested',
    severity: 'informational',
    ocsf: 'access.other',
    details: [
      'action',
      'device_id',
      'credential_id',
      'justification',
      'starts_at',
      'ends_at',
      'approvals_needed',
    ],
  },
  'request.approved': {
    title: 'An approver approved a request',
    severity: 'medium',
    ocsf: 'access.assign',
    details: ['comment', 'approvals', 'approvals_needed', 'complete'],
  },
  'request.disapproved': {
    title: 'An approver disapproved a request',
    severity: 'medium',
    ocsf: 'access.revoke',
    details: ['comment'],
  },
  'request.canceled': {
    title: 'The requester canceled a request',
    severity: 'informational',
    ocsf: 'access.revoke',
    details: ['reason'],
  },
  'request.revoked': {
    title: 'An approved request was revoked',
    severity: 'high',
    ocsf: 'access.revoke',
    details: ['reason'],
  },
  'request.expired': {
    title: 'A request ran out',
    severity: 'informational',
    ocsf: 'access.revoke',
    details: ['state', 'ends_at'],
  },
  'grant.issued': {
    title: 'A grant was issued',
    severity: 'medium',
    ocsf: 'access.assign',
    details: ['action', 'device_id', 'credential_id', 'not_before', 'ends_at'],
  },
  'grant.ended': {
    title: 'What was granted ended',
    severity: 'low',
    ocsf: 'access.revoke',
    details: ['action', 'cause'],
  },
} as const
