import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { createServerCertificate } from '@sallyport/testing/server-certificate'

/** Takes syslog over TLS (RFC 5425) and keeps nothing: who measures the sender should not measure it. */
export type SyslogReceiver = AsyncDisposable & {
  readonly port: number
  readonly authority: string
  readonly onMessage: (arrived: (text: string) => void) => void
}

export const receiveSyslog = async (): Promise<SyslogReceiver> => {
  const { certificate, privateKey } = await createServerCertificate()
  const sockets = new Set<TLSSocket>()
  let arrived: (text: string) => void = () => {}
  const server = createServer({ cert: certificate, key: privateKey }, socket => {
    sockets.add(socket)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      rest = takeMessages(rest, arrived)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    authority: certificate,
    onMessage: listener => {
      arrived = listener
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Each message stands behind its length and a space; gives what is left. */
const takeMessages = (bytes: Buffer, arrived: (text: string) => void): Buffer => {
  let from = 0
  for (;;) {
    const space = bytes.indexOf(0x20, from)
    if (space < 0) break
    const end = space + 1 + Number(bytes.toString('latin1', from, space))
    if (end > bytes.length) break
    arrived(bytes.toString('utf8', space + 1, end))
    from = end
  }
  return bytes.subarray(from)
}
