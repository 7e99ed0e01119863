import { connect, type Socket } from 'node:net'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import { type EgressRules, resolveTarget } from './egress.ts'

type Options = { port: number; timeoutMs: number; egress: EgressRules; signal: AbortSignal }

/** A TCP connection to the first address that answers. */
export const openSocket = async (name: string, options: Options): Promise<Socket> => {
  let failure: unknown
  for (const address of await resolveTarget(name, options.egress)) {
    try {
      return await connectTo(address, options)
    } catch (error) {
      if (options.signal.aborted) throw error
      failure = error
    }
  }
  throw new AttemptFailure('unreachable', undefined, { cause: failure })
}

const connectTo = (host: string, { port, timeoutMs, signal }: Options): Promise<Socket> =>
  new Promise((resolve, reject) => {
    // Without it every small packet of the handshake waits for an acknowledgement.
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    const fail = (error: Error) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(new AttemptFailure('interrupted'))
    const timer = setTimeout(() => fail(new Error('connect timed out')), timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.off('error', fail)
      resolve(socket)
    })
  })
