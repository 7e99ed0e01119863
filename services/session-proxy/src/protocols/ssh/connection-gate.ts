import type { Socket } from 'node:net'

export type GateLimits = {
  readonly maxConnections: number
  readonly maxConnectionsPerSource: number
  /** How many may be signing in at the same time. */
  readonly maxSigningIn: number
  readonly maxSigningInPerSource: number
  /** How long a connection may last before its first factor was proved, and before it is signed in. */
  readonly firstFactorSeconds: number
  readonly signInSeconds: number
}

export type Admitted = {
  /** The first factor was proved: there is now time to enrol a second one. */
  firstFactorProved(): void
  signedIn(): void
}

/** Counts connections, and ends those that take too long to sign in. */
export type ConnectionGate = {
  /** Undefined if there are too many: then the socket is destroyed already. */
  admit(socket: Socket): Admitted | undefined
}

export const connectionGate = (limits: GateLimits): ConnectionGate => {
  const all = socketsBySource()
  const signingIn = socketsBySource()
  const unproved = socketsBySource()
  const isRefused = (source: string): boolean =>
    source === '' ||
    all.size >= limits.maxConnections ||
    all.of(source) >= limits.maxConnectionsPerSource ||
    signingIn.of(source) >= limits.maxSigningInPerSource ||
    (signingIn.size >= limits.maxSigningIn && !makeRoom(source))
  /** Who comes from where few do is let in before those who crowd in from one place: the oldest of them goes. */
  const makeRoom = (source: string): boolean => {
    const crowd = unproved.crowd()
    if (crowd === undefined || crowd.size <= unproved.of(source) + 1) return false
    crowd.oldest.destroy()
    leave(crowd.oldest)
    return true
  }
  const leave = (socket: Socket): void => {
    for (const some of [all, signingIn, unproved]) some.remove(socket)
  }
  return {
    admit: socket => {
      const source = socket.remoteAddress ?? ''
      if (isRefused(source)) {
        socket.destroy()
        return undefined
      }
      for (const some of [all, signingIn, unproved]) some.add(source, socket)
      let grace = setTimeout(() => socket.destroy(), limits.firstFactorSeconds * 1000)
      let proved = false
      socket.once('close', () => {
        clearTimeout(grace)
        leave(socket)
      })
      return {
        signedIn: () => {
          clearTimeout(grace)
          signingIn.remove(socket)
          unproved.remove(socket)
        },
        firstFactorProved: () => {
          if (proved) return
          proved = true
          clearTimeout(grace)
          unproved.remove(socket)
          grace = setTimeout(() => socket.destroy(), limits.signInSeconds * 1000)
        },
      }
    },
  }
}

const socketsBySource = () => {
  const bySource = new Map<string, Set<Socket>>()
  const sources = new Map<Socket, string>()
  return {
    get size() {
      return sources.size
    },
    of: (source: string): number => bySource.get(source)?.size ?? 0,
    add: (source: string, socket: Socket): void => {
      sources.set(socket, source)
      bySource.set(source, (bySource.get(source) ?? new Set()).add(socket))
    },
    remove: (socket: Socket): void => {
      const source = sources.get(socket)
      if (source === undefined) return
      sources.delete(socket)
      const some = bySource.get(source)
      some?.delete(socket)
      if (some?.size === 0) bySource.delete(source)
    },
    /** The source with the most of them. */
    crowd: (): { readonly size: number; readonly oldest: Socket } | undefined => {
      let largest: ReadonlySet<Socket> = new Set()
      for (const some of bySource.values()) if (some.size > largest.size) largest = some
      const [oldest] = largest
      return oldest && { size: largest.size, oldest }
    },
  }
}
