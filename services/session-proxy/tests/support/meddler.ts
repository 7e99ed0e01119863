import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { plainSealer } from './packet-layer.ts'
import { message, string } from './ssh-fields.ts'

/** What somebody between two peers does to one direction: gets whole packets, and gives what arrives instead. */
export type Meddling = { toServer?: (packets: Packets) => Buffer; toClient?: (packets: Packets) => Buffer }
export type Packets = { readonly bytes: Buffer; readonly index: number }

export type Meddler = AsyncDisposable & { readonly port: number }

export const IGNORE: Buffer = plainSealer(message(2, string('')))

/**
 * A relay that sees the identification line as piece 0, each packet before the keys as one piece, and everything after
 * NEWKEYS packet by packet as well, as long as its length is in clear (AES-GCM).
 */
export const meddle = async (port: number, { toServer, toClient }: Meddling): Promise<Meddler> => {
  const sockets = new Set<Socket>()
  const relay = createServer({ noDelay: true }, client => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined))
    carry(client, server, toServer)
    carry(server, client, toClient)
  })
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
  return {
    port: (relay.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        relay.close(() => resolve())
      }),
  }
}

const carry = (
  from: Socket,
  to: Socket,
  change: (packets: Packets) => Buffer = ({ bytes }) => bytes,
): void => {
  let waiting: Buffer = Buffer.alloc(0)
  let index = 0
  let isSealed = false
  from.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    for (
      let length = pieceIn(waiting, index, isSealed);
      length > 0;
      length = pieceIn(waiting, index, isSealed)
    ) {
      const bytes = waiting.subarray(0, length)
      waiting = waiting.subarray(length)
      if (index > 0 && !isSealed) isSealed = bytes[5] === 21
      to.write(change({ bytes, index }))
      index += 1
    }
  })
  from.on('close', () => to.destroy())
}

/** How long the first whole piece is; 0 if there is none yet. */
const pieceIn = (bytes: Buffer, index: number, isSealed: boolean): number => {
  if (index === 0) return bytes.indexOf('\n') + 1
  if (bytes.byteLength < 4) return 0
  const length = 4 + bytes.readUInt32BE() + (isSealed ? 16 : 0)
  return bytes.byteLength >= length ? length : 0
}
