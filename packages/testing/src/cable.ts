import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP connection to a server, through which everything goes, that can be cut. */
export type Cable = AsyncDisposable & {
  readonly port: number
  /** Breaks every connection there is, at once. */
  readonly cut: () => void
  /** Breaks them as soon as the server has sent something that many more times; undone by `mend`. */
  readonly cutAfter: (answers: number) => void
  /** Whether it has come to that. */
  readonly isCutNow: () => boolean
  /** Lets nothing more through on the connections that there are, and tells neither end. New ones are sound. */
  readonly silence: () => void
  /** Lets no new connection through until `mend`. */
  readonly hold: () => void
  readonly mend: () => void
}

export const layCable = async (target: number): Promise<Cable> => {
  const ends = new Set<Socket>()
  const silent = new WeakSet<Socket>()
  let answersLeft = Number.POSITIVE_INFINITY
  let held = false
  const cut = (): void => {
    for (const end of ends) end.resetAndDestroy()
  }
  const server = createServer(near => {
    if (held) return void near.resetAndDestroy()
    const far = connect(target, '127.0.0.1')
    for (const end of [near, far]) {
      ends.add(end)
      end.on('error', () => {})
      end.on('close', () => ends.delete(end))
    }
    near.pipe(far)
    far.pipe(near)
    far.on('data', () => {
      answersLeft -= 1
      if (answersLeft <= 0) cut()
    })
    far.on('close', () => void (silent.has(far) || near.destroy()))
    near.on('close', () => void (silent.has(near) || far.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutAfter: answers => {
      answersLeft = answers
    },
    silence: () => {
      for (const end of ends) silent.add(end.unpipe())
    },
    isCutNow: () => answersLeft <= 0,
    hold: () => {
      held = true
    },
    mend: () => {
      held = false
      answersLeft = Number.POSITIVE_INFINITY
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
