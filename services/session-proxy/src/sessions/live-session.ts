import { setMaxListeners } from 'node:events'
import type { SessionEnd } from '../domain/session-end.ts'
import type { Recorder } from '../recording/recorder.ts'
import { type WatchHub, watchHub } from './watch-hub.ts'

/** What is known of a session when it starts. */
export type SessionFacts = {
  readonly id: string
  readonly tenantId: string
  readonly userId: string
  readonly userName: string
  readonly loginSessionId: string
  readonly sourceAddress: string
  readonly credentialId: string
  readonly deviceId: string
  readonly targetName: string
  readonly grantId: string
  readonly requestId: string
  readonly protocol: 'ssh'
  readonly kind: 'shell' | 'exec'
  readonly command: string
  readonly startedAt: Date
  readonly endsAt: Date
}

/** A session that goes on. Whoever must end it calls `end`; the protocol obeys `ending` and then is done. */
export type LiveSession = {
  readonly facts: SessionFacts
  readonly recorder: Recorder
  readonly hub: WatchHub
  /** Aborted when the session must end; what it carried is cut at once. */
  readonly ending: AbortSignal
  /** Why, once it is aborted. */
  readonly endedBy: () => SessionEnd | undefined
  /** Ends it. Only the first reason counts. */
  readonly end: (end: SessionEnd) => void
  /** Tells its user something. The protocol says how. */
  readonly say: (text: string) => void
  readonly onSay: (listener: (text: string) => void) => void
  /** The last warning about the end of its window. */
  warnedLevel: number
}

export const liveSession = (facts: SessionFacts, recorder: Recorder): LiveSession => {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  let endedBy: SessionEnd | undefined
  let tell: (text: string) => void = () => {}
  const end = (reason: SessionEnd): void => {
    if (endedBy !== undefined) return
    endedBy = reason
    controller.abort()
  }
  recorder.onFailure(() =>
    end({ reason: 'recorder-failed', detail: 'This session can no longer be recorded, so it was ended.' }),
  )
  return {
    facts,
    recorder,
    hub: watchHub(recorder, controller.signal),
    ending: controller.signal,
    endedBy: () => endedBy,
    end,
    say: text => {
      // A recorder that fails ends the session by itself.
      recorder.mark(text).then(
        () => tell(text),
        () => undefined,
      )
    },
    onSay: listener => {
      tell = listener
    },
    warnedLevel: 0,
  }
}
