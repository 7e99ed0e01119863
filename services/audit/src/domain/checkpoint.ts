/** A signed statement of how far a tenant's chain had come. What it covers cannot be cut off unseen. */
export type Checkpoint = {
  readonly tenantId: string
  readonly sequence: number
  readonly mac: Uint8Array
  readonly signedAt: Date
  readonly keyId: string
  readonly signature: Uint8Array
}

/** The bytes that a checkpoint's signature covers. */
export const checkpointMessage = (checkpoint: Omit<Checkpoint, 'signature'>): Buffer => {
  const { tenantId, sequence, mac, signedAt, keyId } = checkpoint
  const hex = Buffer.from(mac).toString('hex')
  return Buffer.from(
    JSON.stringify(['sallyport audit checkpoint 1', tenantId, sequence, hex, signedAt.toISOString(), keyId]),
  )
}
