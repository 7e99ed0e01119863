/** audit: the trail about itself. */
export const auditCodes = {
  'audit.queried': {
    title: 'The audit trail was read',
    severity: 'low',
    ocsf: 'datastore.query',
    details: ['filters', 'count', 'sequence'],
  },
  'audit.checkpoints_listed': {
    title: 'The checkpoints of the audit trail were read',
    severity: 'informational',
    ocsf: 'datastore.query',
    details: ['count'],
  },
  'audit.verified': {
    title: 'The audit trail was verified',
    severity: 'medium',
    ocsf: 'datastore.read',
    details: ['intact', 'records', 'checkpoints', 'bad_sequence', 'problem'],
  },
} as const
