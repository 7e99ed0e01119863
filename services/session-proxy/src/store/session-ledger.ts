import type { SessionEnd } from '../domain/session-end.ts'
import type { SessionFacts } from '../sessions/live-session.ts'

/** Somebody at the door, before there is a session. */
export type Visitor = {
  readonly tenantId: string
  readonly userId: string
  readonly userName: string
  readonly loginSessionId: string
  readonly sourceAddress: string
}

export type Refusal = {
  /** Such as "root@web-1". */
  readonly target: string
  readonly credentialId: string
  readonly deviceId: string
  /** A reason of our error table. */
  readonly reason: string
}

export type Ended = SessionEnd & {
  readonly at: Date
  /** Unknown if the recorder's node died and left no recording. */
  readonly segments: number | null
  readonly bytes: number
}

/**
 * Where sessions are written down, each change with its audit event in one transaction.
 * If it cannot be written, it throws, and there is no session.
 */
export type SessionLedger = {
  started(facts: SessionFacts): Promise<void>
  ended(facts: SessionFacts, end: Ended): Promise<void>
  refused(visitor: Visitor, refusal: Refusal): Promise<void>
  /** A target that failed to prove a pinned host key. */
  hostKeyMismatch(facts: SessionFacts, offeredFingerprint: string): Promise<void>
  /** A tunnel, an agent, a subsystem …: whatever a connection asked for and does not get. */
  featureRefused(visitor: Visitor, feature: string): Promise<void>
}
