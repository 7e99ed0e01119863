import { setMaxListeners } from 'node:events'
import type { SessionEnd } from '../domain/session-end.ts'
import type { LiveSession } from './live-session.ts'

/** Every session of this process. */
export type LiveSessions = {
  /** False while the node has no place among the others, and once it is closing: then no session may begin. */
  isOpen(): boolean
  suspend(): void
  resume(): void
  /** From now on no session begins; those that there are go on. */
  close(): void
  /** Aborted when no session begins any more. */
  readonly closing: AbortSignal
  /** From now on nothing is waited for. */
  stop(): void
  /** Aborted when nothing is waited for any more. */
  readonly stopping: AbortSignal
  /** Counts somebody who is on the way into a session, in it, or on the way out, until it is disposed of. */
  enter(): Disposable
  /** How many of them there are. */
  readonly inside: number
  add(session: LiveSession): void
  remove(session: LiveSession): void
  get(id: string): LiveSession | undefined
  all(): Iterable<LiveSession>
  endByGrant(grantId: string, end: SessionEnd): void
  readonly size: number
}

export const liveSessions = (): LiveSessions => {
  const byId = new Map<string, LiveSession>()
  const [closing, stopping] = [new AbortController(), new AbortController()]
  setMaxListeners(0, closing.signal, stopping.signal)
  let inside = 0
  let suspended = false
  return {
    isOpen: () => !suspended && !closing.signal.aborted,
    suspend: () => {
      suspended = true
    },
    resume: () => {
      suspended = false
    },
    close: () => closing.abort(),
    closing: closing.signal,
    stop: () => {
      closing.abort()
      stopping.abort()
    },
    stopping: stopping.signal,
    enter: () => {
      inside += 1
      return {
        [Symbol.dispose]: () => {
          inside -= 1
        },
      }
    },
    get inside() {
      return inside
    },
    add: session => {
      byId.set(session.facts.id, session)
    },
    remove: session => {
      byId.delete(session.facts.id)
    },
    get: id => byId.get(id),
    all: () => byId.values(),
    endByGrant: (grantId, end) => {
      for (const session of byId.values()) if (session.facts.grantId === grantId) session.end(end)
    },
    get size() {
      return byId.size
    },
  }
}
