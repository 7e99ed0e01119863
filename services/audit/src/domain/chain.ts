/** A keyed hash over the parts, one after the other, under one tenant's key. */
export type Mac = (parts: readonly Uint8Array[]) => Uint8Array

/** The end of a chain: how many records, and the last one's MAC. */
export type Head = { readonly sequence: number; readonly mac: Uint8Array }

/** HMAC-SHA-256. */
export const macBytes = 32

/** The chain before its first record. */
export const genesis: Head = { sequence: 0, mac: Buffer.alloc(macBytes) }

const uint = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)))
  return bytes
}

/**
 * The MAC that ties a record to its place: over the MAC before, the sequence number and the body.
 * Every part has its length in front, so that bytes cannot move from one part to the next.
 */
export const linkMac = (mac: Mac, previous: Uint8Array, sequence: number, body: Uint8Array): Uint8Array =>
  mac([uint(previous.byteLength), previous, uint(sequence), uint(body.byteLength), body])
