import { recordAudit } from '@sallyport/audit-events/record'
import type {
  VerifyRecordingRequest,
  VerifyRecordingResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { sqlOf } from '@sallyport/database/sql'
import type { Call } from '@sallyport/rpc/call'
import type { RecordingStore } from '../recording/recording-store.ts'
import { type Verification, verifyRecording as verify } from '../recording/verify.ts'
import type { Database } from '../store/database.ts'
import type { SessionRow } from '../store/sessions.ts'
import { subjectOf, visibleSession } from './visible-session.ts'

type Deps = {
  readonly database: Pick<Database, 'inTenant'>
  readonly recordings: Pick<RecordingStore, 'read'>
  readonly recordingKeys: Pick<RootKeyProvider, 'unwrap'>
}

export const verifyRecording =
  ({ database, recordings, recordingKeys }: Deps) =>
  async ({ sessionId }: VerifyRecordingRequest, call: Call): Promise<VerifyRecordingResponse> => {
    const { tenantId } = call.caller
    const session = await database.inTenant(tenantId, tx =>
      visibleSession(tx, call, sessionId, 'recording.read'),
    )
    const id = { tenantId, sessionId }
    const found = againstRow(await verify(recordings.read(id), id, recordingKeys), session)
    await database.inTenant(tenantId, async tx => {
      const sql = sqlOf(tx)
      const { intact, segments, badSegment, problem } = found
      const subject = subjectOf(session)
      await recordAudit(sql, call, 'recording.verified', {
        ...subject,
        outcome: intact ? 'success' : 'failure',
        details: { recording_id: session.id, segments, intact },
      })
      if (intact) return
      await recordAudit(sql, call, 'recording.damaged', {
        ...subject,
        outcome: 'failure',
        details: { recording_id: session.id, segment: badSegment, reason: problem },
      })
    })
    return { badSegment: undefined, ...found }
  }

/** A chain that was cut off after a whole segment is valid in itself: what the ledger says tells that one is missing. */
const againstRow = (found: Verification, { segments, endedAt }: SessionRow): Verification => {
  if (!found.intact || endedAt === null || segments === null || found.segments === segments) return found
  return {
    ...found,
    intact: false,
    complete: false,
    badSegment: Math.min(found.segments, segments),
    problem: `Segment ${Math.min(found.segments, segments)}: it is missing; ${segments} were recorded`,
  }
}
