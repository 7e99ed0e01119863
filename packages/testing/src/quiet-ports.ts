import { connect, createServer } from 'node:net'

/** Whether somebody listens there, on loopback. */
export const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket
      .once('error', () => resolve(false))
      .once('connect', () => {
        socket.destroy()
        resolve(true)
      })
  })

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/**
 * Ports that nobody takes in the seconds until a program listens, nor while it is down: below those that Linux gives
 * to connections, and away from where other processes begin to look.
 */
export const quietPorts = async (count: number): Promise<number[]> => {
  const found: number[] = []
  for (let port = 20_000 + ((process.pid * 97) % 12_000); found.length < count; port += 1) {
    if (port >= 32_768) throw new Error(`There are no ${count} free ports`)
    if (await isFree(port)) found.push(port)
  }
  return found
}
