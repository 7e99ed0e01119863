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
  'audit_destination.created': {
    title: 'A receiver of the audit trail was added',
    severity: 'medium',
    ocsf: 'entity.create',
    details: ['name', 'host', 'port', 'format', 'from'],
  },
  'audit_destination.updated': {
    title: 'A receiver of the audit trail was changed',
    severity: 'high',
    ocsf: 'entity.update',
    details: ['name', 'host', 'port', 'format', 'fields'],
  },
  'audit_destination.deleted': {
    title: 'A receiver of the audit trail was removed',
    severity: 'high',
    ocsf: 'entity.delete',
    details: ['name', 'position'],
  },
  'audit_destination.replayed': {
    title: 'The audit trail is sent to a receiver from another record on',
    severity: 'medium',
    ocsf: 'entity.update',
    details: ['name', 'position', 'from'],
  },
  'audit_destination.unreachable': {
    title: 'The audit trail cannot be sent to a receiver; it waits',
    severity: 'high',
    ocsf: 'entity.other',
    details: ['reason'],
  },
  'audit_destination.recovered': {
    title: 'A receiver of the audit trail has again what it missed',
    severity: 'low',
    ocsf: 'entity.other',
    details: ['failing_since'],
  },
  'audit_destination.gap_found': {
    title: 'A record of the audit trail is missing, and a receiver was sent what follows it',
    severity: 'critical',
    ocsf: 'entity.other',
    details: ['sequence'],
  },
} as const
