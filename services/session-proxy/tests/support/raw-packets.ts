import type { Client, Connection } from 'ssh2'

type Writer = { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer }

/** Sends a message as it is, whatever ssh2 thinks of it. */
export const sendRaw = (peer: Client | Connection, message: Buffer): void => {
  const protocol: object = Reflect.get(peer, '_protocol')
  const { write }: { write: Writer } = Reflect.get(protocol, '_packetRW')
  const cipher: { encrypt(packet: Buffer): void } = Reflect.get(protocol, '_cipher')
  const start = write.allocStart
  const packet = write.alloc(message.byteLength)
  packet.set(message, start)
  cipher.encrypt(write.finalize(packet))
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** A string of RFC 4251: its length, and its bytes. */
export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([uint32(bytes.byteLength), bytes])
}

export const message = (type: number, ...parts: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([type]), ...parts])

export const TRUE: Buffer = Buffer.from([1])
