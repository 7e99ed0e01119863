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
  'audit.proved': {
    title: 'A proof for one audit record was made',
    severity: 'low',
    ocsf: 'datastore.read',
    details: ['sequence', 'checkpoint'],
  },
  'audit.damaged': {
    title: 'The audit trail is not as it was written, and is not signed any more',
    severity: 'critical',
    ocsf: 'datastore.read',
    details: ['bad_sequence'],
  },
} as const
