import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One address for several servers, as a Service of Kubernetes gives it. */
export type Balancer = AsyncDisposable & { readonly port: number }

/** Each connection goes to the next of these ports of loopback at which somebody answers. */
export const balance = async (ports: readonly number[]): Promise<Balancer> => {
  const ends = new Set<Socket>()
  const own = (end: Socket): void => {
    ends.add(end)
    end.on('error', () => {})
    end.on('close', () => ends.delete(end))
  }
  let turn = 0
  const join = (near: Socket, tries: number): void => {
    const far = connect(ports[(turn += 1) % ports.length] ?? 0, '127.0.0.1')
    own(far)
    const next = (): void => void (tries > 1 ? join(near, tries - 1) : near.destroy())
    far.once('error', next)
    far.once('connect', () => {
      far.off('error', next)
      near.pipe(far)
      far.pipe(near)
      far.on('close', () => near.destroy())
      near.on('close', () => far.destroy())
    })
  }
  const server = createServer(near => {
    own(near)
    join(near, ports.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const end of ends) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
