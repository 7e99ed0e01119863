/** Which recording: one for each session. */
export type RecordingId = { readonly tenantId: string; readonly sessionId: string }

/** Where sealed segments are kept: a directory, or an object store. */
export type RecordingStore = {
  /** Opens a new recording for writing. Fails if there is one with this id. */
  create(id: RecordingId): Promise<SegmentSink>
  /** The segments in order; a torn last one comes as it is. Throws `recording.not_found`. */
  read(id: RecordingId): AsyncIterable<Buffer>
  /**
   * Takes off what the death of its writer left of a segment at the end, and tells how many whole ones there are.
   * A writer that was only taken for dead adds nothing any more. Throws `recording.not_found`.
   */
  salvage(id: RecordingId): Promise<number>
  /** Resolves if something can be written; rejects with why it cannot. */
  probe(): Promise<void>
}

export type SegmentSink = {
  /** Resolves when the operating system has the whole segment. Nothing of one that fails stays. */
  append(segment: Buffer): Promise<void>
  /** Resolves when everything that was appended is durable. */
  sync(): Promise<void>
  close(): Promise<void>
}
