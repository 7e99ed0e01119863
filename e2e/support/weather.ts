import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** How a network is. */
export type Weather = {
  /** What each way takes, in milliseconds. */
  readonly delayMs: number
  /** More or less of that. */
  readonly jitterMs: number
  /** The share of pieces that get lost. TCP sends them again, and what comes after them waits. */
  readonly loss: number
}

export const clear: Weather = { delayMs: 0, jitterMs: 0, loss: 0 }

/** Linux sends nothing again before. */
const shortestResendMs = 200

/** Ways between processes, on which the weather may change. */
export type Network = AsyncDisposable & {
  /** Lays a way to a port of loopback; gives the port at which it begins. */
  readonly lay: (port: number) => Promise<number>
  readonly set: (weather: Weather) => void
  /** Of the connections that there are, ends a share with a reset. */
  readonly reset: (share: number) => number
  /** Of the connections that there are, lets nothing more through in a share, and tells neither end. */
  readonly halfOpen: (share: number) => number
}

type Connection = { readonly ends: readonly Socket[]; isHalfOpen: boolean }

export const layNetwork = (): Network => {
  const stack = new AsyncDisposableStack()
  const connections = new Set<Connection>()
  let weather = clear

  /** Carries what comes, in its order. */
  const carry = (from: Socket, to: Socket, connection: Connection): void => {
    let earlier = Promise.resolve()
    const arrive = (give: () => void): void => {
      const { delayMs, jitterMs, loss } = weather
      const resendMs = Math.random() < loss ? shortestResendMs + delayMs : 0
      const at = performance.now() + delayMs + (Math.random() * 2 - 1) * jitterMs + resendMs
      const after = earlier
      earlier = (async () => {
        await after
        const waitMs = at - performance.now()
        if (waitMs > 0) await pause(waitMs)
        if (!connection.isHalfOpen && !to.destroyed) give()
      })()
    }
    from.on('data', piece => arrive(() => void to.write(piece)))
    from.on('end', () => arrive(() => void to.end()))
  }

  const lay = async (port: number): Promise<number> => {
    const server = createServer({ allowHalfOpen: true }, near => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      const connection: Connection = { ends: [near, far], isHalfOpen: false }
      connections.add(connection)
      for (const end of connection.ends)
        end
          .on('error', () => {})
          .on('close', () => {
            if (!connection.isHalfOpen) for (const one of connection.ends) one.destroy()
            if (connection.ends.every(({ destroyed }) => destroyed)) connections.delete(connection)
          })
      carry(near, far, connection)
      carry(far, near, connection)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stack.defer(async () => {
      server.close()
      await once(server, 'close')
    })
    return (server.address() as AddressInfo).port
  }

  const strike = (share: number, how: (connection: Connection) => void): number => {
    const struck = [...connections].filter(() => Math.random() < share)
    for (const connection of struck) how(connection)
    return struck.length
  }
  const reset = (share: number): number =>
    strike(share, ({ ends }) => {
      for (const end of ends) end.resetAndDestroy()
    })
  return {
    lay,
    set: next => {
      weather = next
    },
    reset,
    halfOpen: share =>
      strike(share, connection => {
        connection.isHalfOpen = true
      }),
    [Symbol.asyncDispose]: async () => {
      reset(1)
      await stack.disposeAsync()
    },
  }
}
