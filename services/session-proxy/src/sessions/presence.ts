import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Database } from '../store/database.ts'
import {
  enterNode,
  findAbandoned,
  forgetLost,
  giveUpSilent,
  keepNode,
  leaveNode,
  type NodeRun,
} from '../store/nodes.ts'
import { type EndAbandonedDeps, endAbandoned } from './end-abandoned.ts'
import type { LiveSessions } from './live-sessions.ts'

/** A node that says nothing for so long is taken for dead, and its sessions for ended. */
export const silentSeconds = 30

/** More between two signs of life than the timer leaves: the process or the database stood still. */
const gapMs = 5_000

const lookEveryMs = 50

type Deps = EndAbandonedDeps & {
  readonly database: Pick<Database, 'asWorker' | 'inTenant'>
  readonly sessions: LiveSessions
  readonly instance: string
  /** Where the other replicas reach this one. */
  readonly address: string
  readonly steadyNow: () => number
  readonly log: Pick<Logger, 'warn' | 'error'>
}

/** This node’s place among its replicas. Disposing it gives the place up; sessions must have ended before. */
export type Presence = AsyncDisposable & {
  /** To be done once a second. Says that this node is alive; ends its sessions if others have given it up. */
  readonly keep: () => Promise<void>
  /** To be done once a second. Ends the sessions of nodes that are gone. */
  readonly tidy: () => Promise<void>
}

/**
 * INVARIANT: a session that others have ended in the books goes on nowhere. A node that was given up cannot take its
 * place back before all its sessions are over.
 */
export const enterPresence = async (deps: Deps): Promise<Presence> => {
  const { database, sessions, instance, address, steadyNow, log } = deps
  let run: NodeRun = { instance, runId: randomUUID() }
  await database.asWorker(sql => enterNode(sql, run, address))
  let lastSign = steadyNow()
  let inTouchSince = lastSign

  const endAll = async (detail: string): Promise<void> => {
    while (sessions.size > 0) {
      for (const session of sessions.all()) session.end({ reason: 'proxy-stopped', detail })
      await pause(lookEveryMs)
    }
  }
  const comeBack = async (): Promise<void> => {
    log.error({ instance }, 'This session proxy was silent for too long and was given up: its sessions end')
    sessions.suspend()
    await endAll('The session proxy lost touch with the others.')
    run = { instance, runId: randomUUID() }
    await database.asWorker(sql => enterNode(sql, run, address))
    sessions.resume()
  }
  const giveWay = async (): Promise<void> => {
    if (!sessions.isOpen()) return
    log.error(
      { instance },
      'Another session proxy was started under this name: this one takes no more sessions',
    )
    sessions.close()
    await endAll('Another session proxy has taken the place of this one.')
  }
  return {
    keep: async () => {
      const standing = await database.asWorker(sql => keepNode(sql, run))
      if (steadyNow() - lastSign > gapMs) inTouchSince = steadyNow()
      lastSign = steadyNow()
      if (standing === 'lost') await comeBack()
      if (standing === 'taken') await giveWay()
    },
    tidy: async () => {
      // After an outage everybody was silent; who was away itself judges nobody.
      const isFitToJudge = steadyNow() - inTouchSince > silentSeconds * 1_000
      if (isFitToJudge) {
        const besides = { besides: instance, seconds: silentSeconds }
        const lost = await database.asWorker(sql => giveUpSilent(sql, besides))
        if (lost.length > 0)
          log.warn({ instances: lost }, 'Session proxies are gone: their sessions are ended')
      }
      await endAbandoned(deps, await database.asWorker(findAbandoned))
      await database.asWorker(forgetLost)
    },
    [Symbol.asyncDispose]: () =>
      database
        .asWorker(sql => leaveNode(sql, run))
        // Others give it up a little later, and find no session of it.
        .catch((err: unknown) => log.warn({ err }, 'This session proxy could not say that it is gone')),
  }
}
