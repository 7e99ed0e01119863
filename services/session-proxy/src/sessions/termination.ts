import type { SessionEnd } from '../domain/session-end.ts'
import type { Database } from '../store/database.ts'
import { findTerminations } from '../store/session-rows.ts'
import type { LiveSessions } from './live-sessions.ts'

/** What the user of a session that somebody cut is told. */
export const terminated = (reason: string): SessionEnd => ({
  reason: 'terminated',
  detail: `This session was terminated: ${reason}`,
})

type Deps = {
  readonly database: Pick<Database, 'asWorker'>
  readonly sessions: Pick<LiveSessions, 'get' | 'size'>
  readonly instance: string
}

/** Cuts what was asked to be cut through another node. */
export const obeyTerminations = async ({ database, sessions, instance }: Deps): Promise<void> => {
  if (sessions.size === 0) return
  const asked = await database.asWorker(sql => findTerminations(sql, instance))
  for (const { id, terminate_reason } of asked) sessions.get(id)?.end(terminated(terminate_reason))
}
