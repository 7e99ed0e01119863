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
  const all = counter()
  const signingIn = counter()
  return {
    admit: socket => {
      const source = socket.remoteAddress ?? ''
      const full =
        all.total() >= limits.maxConnections ||
        all.of(source) >= limits.maxConnectionsPerSource ||
        signingIn.total() >= limits.maxSigningIn ||
        signingIn.of(source) >= limits.maxSigningInPerSource
      if (full || source === '') {
        socket.destroy()
        return undefined
      }
      const leaveAll = all.enter(source)
      const leaveSigningIn = signingIn.enter(source)
      let grace = setTimeout(() => socket.destroy(), limits.firstFactorSeconds * 1000)
      let proved = false
      const settle = (): void => {
        clearTimeout(grace)
        leaveSigningIn()
      }
      socket.once('close', () => {
        settle()
        leaveAll()
      })
      return {
        signedIn: settle,
        firstFactorProved: () => {
          if (proved) return
          proved = true
          clearTimeout(grace)
          grace = setTimeout(() => socket.destroy(), limits.signInSeconds * 1000)
        },
      }
    },
  }
}

const counter = () => {
  const bySource = new Map<string, number>()
  let total = 0
  const change = (source: string, by: 1 | -1): void => {
    total += by
    const count = (bySource.get(source) ?? 0) + by
    if (count === 0) bySource.delete(source)
    else bySource.set(source, count)
  }
  return {
    total: () => total,
    of: (source: string) => bySource.get(source) ?? 0,
    enter: (source: string): (() => void) => {
      change(source, 1)
      let left = false
      return () => {
        if (!left) change(source, -1)
        left = true
      }
    },
  }
}
