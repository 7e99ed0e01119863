/** A signed statement of how far a tenant's chain had come. What it covers cannot be cut off unseen. */
export type Checkpoint = {
  readonly tenantId: string
  readonly sequence: number
  readonly mac: Uint8Array
  /** The root of the tree over these records; checkpoints that are older than the tree have none. */
  readonly root?: Uint8Array | undefined
  readonly signedAt: Date
  readonly keyId: string
  readonly signature: Uint8Array
}

/** The bytes that a checkpoint's signature covers. */
export const checkpointMessage = (checkpoint: Omit<Checkpoint, 'signature'>): Buffer => {
  const { tenantId, sequence, mac, root, signedAt, keyId } = checkpoint
  const covered = root
    ? ['sallyport audit checkpoint 2', tenantId, sequence, hex(mac), hex(root), signedAt.toISOString(), keyId]
    : ['sallyport audit checkpoint 1', tenantId, sequence, hex(mac), signedAt.toISOString(), keyId]
  return Buffer.from(JSON.stringify(covered))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
