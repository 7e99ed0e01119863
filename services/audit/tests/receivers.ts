import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createLine, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { createServerCertificate } from '@sallyport/testing/server-certificate'

/** What a receiver does with a connection, besides closing it when the other side has. */
export type Manners = (secure: TLSSocket) => void

/** A receiver of ours, for what a real one does rarely. */
export type TestReceiver = AsyncDisposable & {
  readonly port: number
  readonly authority: string
  /** What came, a buffer for each connection that ended in order. */
  readonly received: readonly Buffer[]
  readonly behave: (manners: Manners) => void
}

export const polite: Manners = () => {}

export const startReceiver = async (
  manners: Manners = polite,
  names: readonly string[] = ['127.0.0.1'],
): Promise<TestReceiver> => {
  const { certificate, privateKey } = await createServerCertificate(names)
  const received: Buffer[] = []
  const open = new Set<Socket>()
  let current = manners
  const server = createServer({ cert: certificate, key: privateKey }, secure => {
    const chunks: Buffer[] = []
    open.add(secure)
    secure
      .on('error', () => {})
      .on('close', () => open.delete(secure))
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => received.push(Buffer.concat(chunks)))
    current(secure)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    authority: certificate,
    received,
    behave: next => {
      current = next
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A way to a port that carries so many bytes, then no more, and is gone half a second later with the rest unread. */
export const startLine = async (to: number, bytes: number): Promise<AsyncDisposable & { port: number }> => {
  const line = createLine(near => {
    const far = connect(to, '127.0.0.1')
    let left = bytes
    near
      .on('error', () => {})
      .on('data', (chunk: Buffer) => {
        far.write(chunk)
        left -= chunk.length
        if (left > 0) return
        near.pause()
        setTimeout(() => near.destroy(), 500)
      })
    far.on('error', () => {}).pipe(near)
    near.once('close', () => far.destroy())
  })
  line.listen(0, '127.0.0.1')
  await once(line, 'listening')
  const { port } = line.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      line.close()
      await once(line, 'close')
    },
  }
}
