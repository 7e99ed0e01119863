import type { Checkpoint as CheckpointMessage } from '@sallyport/contracts/audit/v1/audit'
import type { Checkpoint } from '../domain/checkpoint.ts'

/** A checkpoint as callers see it. */
export const checkpointMessage = (checkpoint: Checkpoint): CheckpointMessage => {
  const { sequence, mac, root, signedAt, keyId, signature } = checkpoint
  return {
    sequence: BigInt(sequence),
    mac: Buffer.from(mac).toString('hex'),
    root: root ? Buffer.from(root).toString('hex') : '',
    signedAt,
    signature: Buffer.from(signature).toString('base64url'),
    keyId,
  }
}
