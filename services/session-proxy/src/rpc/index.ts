import { SessionServiceService } from '@sallyport/contracts/session_proxy/v1/sessions'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { RecordingStore } from '../recording/recording-store.ts'
import type { Peers } from '../clients/peers.ts'
import type { LiveSessions } from '../sessions/live-sessions.ts'
import type { Database } from '../store/database.ts'
import { downloadRecording } from './download-recording.ts'
import { getSession } from './get-session.ts'
import { listSessions } from './list-sessions.ts'
import { methods } from './methods.ts'
import { terminateSession } from './terminate-session.ts'
import { verifyRecording } from './verify-recording.ts'
import { watchSession } from './watch-session.ts'

export type RpcDeps = {
  readonly database: Database
  readonly sessions: LiveSessions
  readonly peers: Peers
  readonly recordings: RecordingStore
  readonly recordingKeys: RootKeyProvider
}

/** Every RPC of this service. */
export const bindings = (deps: RpcDeps): readonly Binding[] => [
  bind(SessionServiceService, methods, {
    listSessions: listSessions(deps),
    getSession: getSession(deps),
    terminateSession: terminateSession(deps),
    watchSession: watchSession(deps),
    downloadRecording: downloadRecording(deps),
    verifyRecording: verifyRecording(deps),
  }),
]
