import type { SessionServiceService } from '@sallyport/contracts/session_proxy/v1/sessions'
import type { MethodRow, MethodTable } from '@sallyport/rpc/methods'

/** Everybody may see their own; whether they may see this one is checked with the object. */
const read: MethodRow = { callers: ['gateway'], permission: 'signed-in', rate: 'read', audit: 'none' }

export const methods: MethodTable<SessionServiceService> = {
  listSessions: read,
  getSession: read,
  terminateSession: { ...read, rate: 'write', audit: 'session.terminated' },
  // A replica that does not carry the session asks the one that does, with the token that it was given.
  watchSession: { ...read, callers: ['gateway', 'session-proxy'], audit: 'session.watched' },
  downloadRecording: { ...read, audit: 'recording.downloaded' },
  verifyRecording: { ...read, audit: 'recording.verified' },
}
