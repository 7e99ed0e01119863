/** session-proxy: mediated sessions and their recordings. */
export const sessionCodes = {
  'session.started': {
    title: 'A privileged session started',
    severity: 'medium',
    ocsf: 'ssh.open',
    details: [
      'protocol',
      'device_id',
      'credential_id',
      'address',
      'port',
      'target_username',
      'client',
      'recording_id',
    ],
  },
  'session.refused': {
    title: 'A privileged session was refused',
    severity: 'medium',
    ocsf: 'ssh.refuse',
    details: ['protocol', 'device_id', 'credential_id', 'target', 'reason', 'client'],
  },
  'session.failed': {
    title: 'A privileged session could not reach its target',
    severity: 'medium',
    ocsf: 'ssh.fail',
    details: ['protocol', 'device_id', 'credential_id', 'address', 'port', 'reason'],
  },
  'session.ended': {
    title: 'A privileged session ended',
    severity: 'low',
    ocsf: 'ssh.close',
    details: ['cause', 'seconds', 'bytes_in', 'bytes_out', 'exit_status', 'recording_id'],
  },
  'session.terminated': {
    title: 'A privileged session was cut',
    severity: 'high',
    ocsf: 'ssh.reset',
    details: ['cause', 'reason', 'message'],
  },
  'session.channel_opened': {
    title: 'A shell or command was started in a session',
    severity: 'low',
    ocsf: 'ssh.traffic',
    details: ['kind', 'command', 'channel'],
  },
  'session.feature_refused': {
    title: 'A session asked for something that is not allowed',
    severity: 'medium',
    ocsf: 'ssh.refuse',
    details: ['feature', 'reason'],
  },
  'session.watched': {
    title: 'Somebody watched a session live',
    severity: 'medium',
    ocsf: 'api.read',
    details: ['from_seconds'],
  },
  'recording.sealed': {
    title: 'A recording was completed and sealed',
    severity: 'low',
    ocsf: 'entity.create',
    details: ['recording_id', 'segments', 'bytes', 'root'],
  },
  'recording.played': {
    title: 'A recording was played',
    severity: 'medium',
    ocsf: 'api.read',
    details: ['recording_id', 'from_seconds', 'to_seconds'],
  },
  'recording.downloaded': {
    title: 'A recording was downloaded',
    severity: 'high',
    ocsf: 'api.read',
    details: ['recording_id', 'format', 'bytes'],
  },
  'recording.damaged': {
    title: 'A recording does not match its seal',
    severity: 'critical',
    ocsf: 'entity.other',
    details: ['recording_id', 'segment', 'reason'],
  },
} as const
