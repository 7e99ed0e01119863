/** Which recording: one for each session. */
export type RecordingId = { readonly tenantId: string; readonly sessionId: string }

/** Where sealed segments are kept: a directory, or an object store. */
export type RecordingStore = {
  /** Opens a new recording for writing. Fails if there is one with this id. */
  create(id: RecordingId): Promise<SegmentSink>
  /** The segments in order; a torn last one comes as it is. Throws `recording.not_found`. */
  read(id: RecordingId): AsyncIterable<Buffer>
}

export type SegmentSink = {
  /** Resolves when the segment is durable. */
  append(segment: Buffer): Promise<void>
  close(): Promise<void>
}
