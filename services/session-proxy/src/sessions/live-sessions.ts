import type { SessionEnd } from '../domain/session-end.ts'
import type { LiveSession } from './live-session.ts'

/** Every session of this process. */
export type LiveSessions = {
  /** False once the node is stopping: then no session may begin. */
  isOpen(): boolean
  stop(): void
  add(session: LiveSession): void
  remove(session: LiveSession): void
  get(id: string): LiveSession | undefined
  all(): Iterable<LiveSession>
  endByGrant(grantId: string, end: SessionEnd): void
  readonly size: number
}

export const liveSessions = (): LiveSessions => {
  const byId = new Map<string, LiveSession>()
  let open = true
  return {
    isOpen: () => open,
    stop: () => {
      open = false
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
