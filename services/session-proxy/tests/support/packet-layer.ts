import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { uint32 } from './ssh-fields.ts'

/** Makes a packet of a message: RFC 4253, section 6, and RFC 5647 once there are keys. */
export type Sealer = (payload: Buffer) => Buffer
/** Takes one packet off the front of the bytes; undefined while it is not whole. */
export type Opener = (bytes: Buffer) => { payload: Buffer; rest: Buffer } | undefined

/** Length, padding length, payload and padding; the length counts for the block size or not. */
const frame = (payload: Buffer, block: number, lengthCounts: boolean): Buffer => {
  const fixed = (lengthCounts ? 4 : 0) + 1 + payload.byteLength
  const least = block - (fixed % block)
  const padding = least < 4 ? least + block : least
  const length = uint32(1 + payload.byteLength + padding)
  return Buffer.concat([length, Buffer.from([padding]), payload, randomBytes(padding)])
}

export const plainSealer: Sealer = payload => frame(payload, 8, true)

export const plainOpener: Opener = bytes => {
  if (bytes.byteLength < 4) return undefined
  const end = 4 + bytes.readUInt32BE()
  if (bytes.byteLength < end) return undefined
  return { payload: unpad(bytes.subarray(4, end)), rest: bytes.subarray(end) }
}

const unpad = (body: Buffer): Buffer => body.subarray(1, body.byteLength - (body[0] ?? 0))

const CIPHER = 'aes-128-gcm'
const TAG = 16

export const gcmSealer = (key: Buffer, iv: Buffer): Sealer => {
  const nonces = counter(key, iv)
  return payload => {
    const packet = frame(payload, 16, false)
    const cipher = createCipheriv(CIPHER, nonces.key, nonces.next()).setAAD(packet.subarray(0, 4))
    const body = cipher.update(packet.subarray(4))
    cipher.final()
    return Buffer.concat([packet.subarray(0, 4), body, cipher.getAuthTag()])
  }
}

export const gcmOpener = (key: Buffer, iv: Buffer): Opener => {
  const nonces = counter(key, iv)
  return bytes => {
    if (bytes.byteLength < 4) return undefined
    const end = 4 + bytes.readUInt32BE()
    if (bytes.byteLength < end + TAG) return undefined
    const decipher = createDecipheriv(CIPHER, nonces.key, nonces.next()).setAAD(bytes.subarray(0, 4))
    decipher.setAuthTag(bytes.subarray(end, end + TAG))
    const body = decipher.update(bytes.subarray(4, end))
    decipher.final()
    return { payload: unpad(body), rest: bytes.subarray(end + TAG) }
  }
}

/** RFC 5647, section 7.1: four fixed bytes, and eight that count packets. */
const counter = (key: Buffer, iv: Buffer): { key: KeyObject; next(): Buffer } => {
  let count = iv.readBigUInt64BE(4)
  return {
    key: createSecretKey(key),
    next: () => {
      const nonce = Buffer.from(iv)
      nonce.writeBigUInt64BE(count, 4)
      count = BigInt.asUintN(64, count + 1n)
      return nonce
    },
  }
}
