import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type RawHttp = Disposable & {
  /** The answer as it came over the wire; empty if the connection was closed without one. */
  readonly answerTo: (request: string) => Promise<string>
  /** Its status; 0 if there was none. */
  readonly statusOf: (request: string) => Promise<number>
}

/** Speaks HTTP/1.1 byte by byte, so that no client tidies up what is sent. Keeps its connection while it can. */
export const rawHttp = (port: number): RawHttp => {
  let socket: Socket | undefined
  const connected = async (): Promise<Socket> => {
    if (socket && !socket.destroyed && socket.writable) return socket
    socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const ask = async (request: string): Promise<string> => {
    const open = await connected()
    const answer = answerOf(open)
    open.write(Buffer.from(request, 'latin1'))
    const text = await answer
    if (/\r\nconnection: close\r\n/i.test(text) || text === '') open.destroy()
    return text
  }
  const answerTo = async (request: string): Promise<string> => {
    const reused = socket !== undefined && !socket.destroyed
    const text = await ask(request)
    // The server may have closed the connection after the answer before this one.
    return text === '' && reused ? ask(request) : text
  }
  return {
    answerTo,
    statusOf: async request => Number(/^HTTP\/1\.1 (\d{3})/.exec(await answerTo(request))?.[1] ?? 0),
    [Symbol.dispose]: () => void socket?.destroy(),
  }
}

const answerOf = (socket: Socket): Promise<string> =>
  new Promise(resolve => {
    let text = ''
    const done = (): void => {
      socket.off('data', onData).off('close', done)
      resolve(text)
    }
    const onData = (piece: Buffer): void => {
      text += piece.toString('latin1')
      if (isWhole(text)) done()
    }
    socket.on('data', onData).once('close', done)
  })

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = text.slice(0, end + 2)
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]
  if (length !== undefined) return text.length >= end + 4 + Number(length)
  return /\r\ntransfer-encoding: chunked\r\n/i.test(head) ? text.endsWith('0\r\n\r\n') : true
}
