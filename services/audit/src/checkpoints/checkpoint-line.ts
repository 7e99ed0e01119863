import type { Checkpoint } from '../domain/checkpoint.ts'

/** A checkpoint as one line of JSON: what the files and exports hold. */
export const checkpointLine = (checkpoint: Checkpoint): string => {
  const { tenantId, sequence, mac, root, signedAt, keyId, signature } = checkpoint
  return JSON.stringify({
    kind: 'checkpoint',
    tenant_id: tenantId,
    sequence,
    mac: Buffer.from(mac).toString('hex'),
    root: root && Buffer.from(root).toString('hex'),
    signed_at: signedAt.toISOString(),
    key_id: keyId,
    signature: Buffer.from(signature).toString('base64url'),
  })
}

type Line = Record<'tenant_id' | 'mac' | 'signed_at' | 'key_id' | 'signature', string> & {
  sequence: number
  root?: string
}

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' &&
  value !== null &&
  'sequence' in value &&
  Number.isSafeInteger(value.sequence) &&
  ['tenant_id', 'mac', 'signed_at', 'key_id', 'signature'].every(
    key => typeof Object.getOwnPropertyDescriptor(value, key)?.value === 'string',
  ) &&
  (!('root' in value) || typeof value.root === 'string') &&
  'signed_at' in value &&
  !Number.isNaN(Date.parse(String(value.signed_at)))

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The checkpoint of a line, or undefined if the line holds none. Its signature is not checked here. */
export const parseCheckpoint = (line: string): Checkpoint | undefined => {
  const value = parse(line)
  if (!isLine(value)) return undefined
  return {
    tenantId: value.tenant_id,
    sequence: value.sequence,
    mac: Buffer.from(value.mac, 'hex'),
    root: value.root === undefined ? undefined : Buffer.from(value.root, 'hex'),
    signedAt: new Date(value.signed_at),
    keyId: value.key_id,
    signature: Buffer.from(value.signature, 'base64url'),
  }
}
