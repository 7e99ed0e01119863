import ssh2, { type Client } from 'ssh2'
import type { Egress } from '@sallyport/egress/egress'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import type { SignIn, Target } from '../executor.ts'
import { algorithmsFor, fingerprintOf, isPinned } from './host-key.ts'
import { signInOnce, type Tried } from './sign-in.ts'
import { openSocket } from './socket.ts'

export type SshConnection = AsyncDisposable & { readonly client: Client }

type Options = { egress: Egress; connectTimeoutMs: number; signal: AbortSignal }

/** PAM takes its time over a password, most of all over a wrong one. */
const signInTimeoutMs = 20_000

/**
 * Connects and signs in. Throws AttemptFailure: `authentication_failed` only if the server refused this very secret.
 * INVARIANT: no secret goes to a server that has not proved a pinned key; ssh2 authenticates after the key exchange.
 */
export const openConnection = async (
  target: Target,
  signIn: SignIn,
  options: Options,
): Promise<SshConnection> => {
  const algorithms = algorithmsFor(target.hostKeys)
  if (algorithms.length === 0) throw new AttemptFailure('host_key_not_pinned')
  const tried: Tried = { secretOffered: false }
  const authHandler = signInOnce(signIn, tried)
  const { port } = target
  const timeoutMs = options.connectTimeoutMs
  const sock = await openSocket(target.address, { ...options, port, timeoutMs })
  const client = new ssh2.Client()
  let otherKey: string | undefined
  try {
    await ready(client, options.signal, () =>
      client.connect({
        sock,
        username: signIn.username,
        authHandler,
        algorithms: { serverHostKey: algorithms },
        hostVerifier: (key: Buffer) => {
          const pinned = isPinned(key, target.hostKeys)
          if (!pinned) otherKey = fingerprintOf(key)
          return pinned
        },
        readyTimeout: timeoutMs + signInTimeoutMs,
        keepaliveInterval: 10_000,
        keepaliveCountMax: 3,
      }),
    )
    return { client, [Symbol.asyncDispose]: () => closed(client) }
  } catch (error) {
    client.destroy()
    sock.destroy()
    if (otherKey !== undefined)
      throw new AttemptFailure('host_key_mismatch', undefined, { cause: error, hostKey: otherKey })
    throw failureOf(error, tried)
  }
}

const ready = (client: Client, signal: AbortSignal, connect: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(new AttemptFailure('interrupted'))
    signal.addEventListener('abort', abort, { once: true })
    client.once('ready', () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    client.once('close', () => reject(new AttemptFailure('unreachable', 'The target closed the connection')))
    // Stays for the whole life of the connection: an error that nobody hears would end the process.
    client.on('error', reject)
    if (signal.aborted) abort()
    else connect()
  })

const failureOf = (error: unknown, { secretOffered }: Tried): AttemptFailure => {
  if (error instanceof AttemptFailure) return error
  const level = error instanceof Error && 'level' in error ? error.level : undefined
  if (level !== 'client-authentication') return new AttemptFailure('unreachable', undefined, { cause: error })
  if (secretOffered) return new AttemptFailure('authentication_failed', undefined, { cause: error })
  return new AttemptFailure('unsupported', 'The target does not take this kind of secret', { cause: error })
}

const closed = (client: Client): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(() => {
      client.destroy()
      resolve()
    }, 1000)
    client.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    client.end()
  })
