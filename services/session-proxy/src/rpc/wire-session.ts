import { type Session, SessionState } from '@sallyport/contracts/session_proxy/v1/sessions'
import { SallyportError } from '@sallyport/errors/error'
import type { SessionFilter, SessionRow } from '../store/sessions.ts'

export const toSession = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.userId,
  userName: row.userName,
  credentialId: row.credentialId,
  deviceId: row.deviceId,
  targetName: row.targetName,
  protocol: row.protocol,
  kind: row.kind,
  command: row.command,
  sourceAddress: row.sourceAddress,
  grantId: row.grantId,
  requestId: row.requestId ?? '',
  state: row.endedAt === null ? SessionState.LIVE : SessionState.ENDED,
  startedAt: row.startedAt,
  endsAt: row.endsAt,
  endedAt: row.endedAt ?? undefined,
  endReason: row.endReason ?? '',
  endDetail: row.endDetail ?? '',
  exitStatus: row.exitStatus ?? undefined,
  recordedBytes: row.recordedBytes,
})

/** Throws `request.invalid` for a state that this version does not know. */
export const stateOf = (state: SessionState): SessionFilter['state'] => {
  switch (state) {
    case SessionState.UNSPECIFIED:
      return undefined
    case SessionState.LIVE:
      return 'live'
    case SessionState.ENDED:
      return 'ended'
    case SessionState.UNRECOGNIZED:
    default:
      throw new SallyportError('request.invalid', 'state is not one of live and ended')
  }
}
