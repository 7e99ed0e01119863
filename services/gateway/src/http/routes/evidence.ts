/** Sessions, recordings and the audit trail. */
export const evidenceRoutes = {
  listSessions: { url: 'GET /v1/sessions', to: ['session-proxy'], needs: 'sign-in', rate: 'read' },
  getSession: { url: 'GET /v1/sessions/:id', to: ['session-proxy'], needs: 'sign-in', rate: 'read' },
  terminateSession: {
    url: 'POST /v1/sessions/:id/terminate',
    to: ['session-proxy'],
    needs: 'session.terminate',
    rate: 'write',
    urgent: true,
  },
  watchSession: {
    url: 'GET /v1/sessions/:id/live',
    to: ['session-proxy'],
    needs: 'session.read',
    rate: 'read',
  },
  downloadRecording: {
    url: 'GET /v1/sessions/:id/recording.cast',
    to: ['session-proxy'],
    needs: 'recording.read',
    rate: 'read',
  },
  verifyRecording: {
    url: 'POST /v1/sessions/:id/recording/verify',
    to: ['session-proxy'],
    needs: 'recording.read',
    rate: 'write',
  },
  listAuditRecords: { url: 'GET /v1/audit/records', to: ['audit'], needs: 'audit.read', rate: 'read' },
  getAuditRecord: {
    url: 'GET /v1/audit/records/:sequence',
    to: ['audit'],
    needs: 'audit.read',
    rate: 'read',
  },
  proveAuditRecord: {
    url: 'GET /v1/audit/records/:sequence/proof',
    to: ['audit'],
    needs: 'audit.read',
    rate: 'read',
  },
  listCheckpoints: { url: 'GET /v1/audit/checkpoints', to: ['audit'], needs: 'audit.read', rate: 'read' },
  verifyAuditChain: { url: 'POST /v1/audit/verify', to: ['audit'], needs: 'audit.read', rate: 'write' },
} as const
