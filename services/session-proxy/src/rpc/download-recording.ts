import { recordAudit } from '@sallyport/audit-events/record'
import type {
  DownloadRecordingRequest,
  DownloadRecordingResponse,
} from '@sallyport/contracts/session_proxy/v1/sessions'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { RecordingStore } from '../recording/recording-store.ts'
import { checkSegments } from '../recording/verify.ts'
import type { Database } from '../store/database.ts'
import { subjectOf, visibleSession } from './visible-session.ts'

type Deps = {
  readonly database: Pick<Database, 'inTenant'>
  readonly recordings: Pick<RecordingStore, 'read'>
  readonly recordingKeys: Pick<RootKeyProvider, 'unwrap'>
}

const CHUNK_BYTES = 256 * 1024

/** Gives what is proved, and stops with an error at the first segment that is not. */
export const downloadRecording = ({ database, recordings, recordingKeys }: Deps) =>
  async function* (
    { sessionId }: DownloadRecordingRequest,
    call: Call,
  ): AsyncGenerator<DownloadRecordingResponse, void, undefined> {
    const { tenantId } = call.caller
    await database.inTenant(tenantId, async tx => {
      const session = await visibleSession(tx, call, sessionId, 'recording.read')
      const details = { recording_id: session.id, format: 'asciicast-v3', bytes: session.recordedBytes }
      await recordAudit(sqlOf(tx), call, 'recording.downloaded', { ...subjectOf(session), details })
    })
    const id = { tenantId, sessionId }
    for await (const segment of checkSegments(recordings.read(id), id, recordingKeys)) {
      if (segment.kind === 'bad') {
        throw new SallyportError('recording.damaged', `Segment ${segment.index}: ${segment.problem}`)
      }
      const bytes = Buffer.from(segment.lines)
      for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
        yield { chunk: bytes.subarray(start, start + CHUNK_BYTES) }
      }
    }
  }
