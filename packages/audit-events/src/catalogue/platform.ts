/** What any service may say. */
export const platformCodes = {
  'call.refused': {
    title: 'A call was refused',
    severity: 'medium',
    ocsf: 'api.other',
    details: ['method', 'peer', 'reason', 'permission', 'repeated'],
  },
  'connection.refused': {
    title: 'A connection between services was refused',
    severity: 'high',
    ocsf: 'api.other',
    details: ['reason', 'repeated'],
  },
  'service.started': {
    title: 'A service started',
    severity: 'informational',
    ocsf: 'entity.other',
    details: ['version'],
  },
  'service.stopped': {
    title: 'A service stopped',
    severity: 'low',
    ocsf: 'entity.other',
    details: ['version'],
  },
  'encryption.failed': {
    title: 'A sealed value could not be opened or was not the one expected',
    severity: 'critical',
    ocsf: 'datastore.read',
    details: ['table', 'column', 'version', 'reason'],
  },
  'installation.restored': {
    title: 'The installation was restored from a backup, and what came after it is lost',
    severity: 'critical',
    ocsf: 'entity.other',
    details: ['backup', 'snapshot_at', 'sequence', 'lost_up_to', 'login_sessions_ended'],
  },
} as const
