import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { forbiddenBy } from './forbidden.ts'
import type { EgressRules } from './rules.ts'

/** A target's address is one at which there must be no target. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget'
  constructor(cause?: unknown) {
    super('The address of the target is one that must not be connected to', { cause })
  }
}

export type Connect = {
  /** A name, or an IP address. */
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The only way from us to targets. */
export type Egress = {
  /**
   * A TCP connection to the first address of the host that answers.
   * @throws ForbiddenTarget if any of its addresses is forbidden; whatever the signal was aborted with; a socket's
   * error otherwise (`code` is `ETIMEDOUT` after `timeoutMs`)
   */
  readonly connect: (to: Connect) => Promise<Socket>
}

type Resolve = (host: string) => Promise<readonly string[]>

const resolveByName: Resolve = async host => (await lookup(host, { all: true })).map(({ address }) => address)

/** @throws Error for a rule that is no network */
export const createEgress = (rules: EgressRules, resolve: Resolve = resolveByName): Egress => {
  const isForbidden = forbiddenBy(rules, ownAddresses())
  return {
    async connect(to) {
      const until = performance.now() + to.timeoutMs
      // Once: a second answer of the name server, after the check, could lead elsewhere.
      const addresses = isIP(to.host) ? [to.host] : await resolve(to.host)
      to.signal.throwIfAborted()
      if (addresses.length === 0) throw new Error(`${to.host} has no address`)
      if (addresses.some(isForbidden)) throw new ForbiddenTarget()
      return firstOf(addresses, to, until)
    },
  }
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap(list =>
    (list ?? []).map(({ address }) => address.replace(/%.*$/, '')),
  )

/** Each address gets its share of the time that is left, so that one that swallows packets does not use it up. */
const firstOf = async (addresses: readonly string[], to: Connect, until: number): Promise<Socket> => {
  let failure: unknown
  for (const [index, host] of addresses.entries()) {
    const share = (until - performance.now()) / (addresses.length - index)
    try {
      return await connectTo({ ...to, host, timeoutMs: Math.max(1, share) })
    } catch (error) {
      to.signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

const connectTo = ({ host, port, timeoutMs, signal }: Connect): Promise<Socket> =>
  new Promise((resolve, reject) => {
    // Without `noDelay` every small packet of the handshake waits for an acknowledgement.
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.off('error', fail)
    }
    const fail = (error: unknown): void => {
      settle()
      socket.destroy()
      reject(error)
    }
    const abort = (): void => fail(signal.reason)
    const timer = setTimeout(() => fail(timedOut()), timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      settle()
      resolve(socket)
    })
  })

const timedOut = (): Error => Object.assign(new Error('The connection timed out'), { code: 'ETIMEDOUT' })
