import type { EventRecord } from './event-record.ts'

/** What a subscriber asks for. */
export type Subscription = {
  /** Subscribers of one group share its position; each group sees every record. */
  group: string
  topics: readonly string[]
  /**
   * Gets records of one topic, in order, at most a few hundred at a time. When it resolves, the group's position
   * moves past them; when it rejects, the same records come again after a pause.
   */
  handle: (records: readonly EventRecord[]) => Promise<void>
  /** Ends the subscription after the batch in hand. */
  signal: AbortSignal
}

/** Carries records from services to services, at least once, in order per key. */
export type EventDriver = AsyncDisposable & {
  /** Resolves once the records are durable. A record may be published twice with the same id. */
  publish(records: readonly EventRecord[]): Promise<void>
  /** Resolves after the signal, once the batch in hand is done. A group starts at a topic's oldest record. */
  subscribe(subscription: Subscription): Promise<void>
  /** Resolves if the log answers; rejects with why it does not. */
  probe(): Promise<void>
}
