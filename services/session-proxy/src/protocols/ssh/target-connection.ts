import type { Socket } from 'node:net'
import type { Egress } from '@sallyport/egress/egress'
import { SallyportError } from '@sallyport/errors/error'
import ssh2, { type AnyAuthMethod, type Client, type ConnectConfig } from 'ssh2'
import type { Released } from '../../clients/vault.ts'
import { hostKeyAlgorithmsOf, TARGET_ALGORITHMS } from './algorithms.ts'
import { pauseWhileFull } from './back-pressure.ts'
import type { Rekeying } from './rekeying.ts'
import { guardChannels } from './channel-guard.ts'
import { targetFailure } from './target-failure.ts'

const CONNECT_MILLISECONDS = 10_000
const SIGN_IN_MILLISECONDS = 20_000

export type TargetOptions = {
  /**
   * Called if a target does not offer one of the pinned keys: with the one that it offers, in SSH wire format, unless it
   * has none of their types.
   */
  readonly onHostKeyMismatch: (offered: Buffer | undefined) => void
  readonly signal: AbortSignal
  readonly egress: Egress
  readonly rekeying: Pick<Rekeying, 'watch'>
}

/**
 * Connects to a target that proves one of its pinned host keys, and signs in with the released secret. The secret is
 * disposed of, whatever happens. Throws one of `session_target.*`.
 */
export const connectTarget = async (released: Released, options: TargetOptions): Promise<Client> => {
  using secret = released.secret
  if (released.hostKeys.length === 0) throw new SallyportError('device.no_host_key')
  options.signal.throwIfAborted()
  try {
    const socket = await openSocket(released, options)
    return await handshake(socket, { ...released, secret }, options)
  } catch (error) {
    throw targetFailure(error)
  }
}

const openSocket = async (
  { address, port }: Released,
  { signal, egress }: TargetOptions,
): Promise<Socket> => {
  try {
    return await egress.connect({ host: address, port, timeoutMs: CONNECT_MILLISECONDS, signal })
  } catch (error) {
    if (signal.aborted) throw new SallyportError('request.canceled')
    throw error
  }
}

const handshake = (
  socket: Socket,
  released: Released,
  { onHostKeyMismatch, signal, rekeying }: TargetOptions,
): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    let mismatch: SallyportError | undefined
    const isMismatch = (offered: Buffer | undefined): void => {
      mismatch = new SallyportError('session_target.host_key_mismatch')
      onHostKeyMismatch(offered)
    }
    const verify = (offered: Buffer): boolean => {
      const known = released.hostKeys.some(key => key.equals(offered))
      if (!known) isMismatch(offered)
      return known
    }
    const fail = (error: Error): void => {
      if (hasNoSuchHostKey(error)) isMismatch(undefined)
      reject(mismatch ?? error)
      client.destroy()
    }
    const onAbort = (): void => fail(new SallyportError('request.canceled'))
    signal.addEventListener('abort', onAbort)
    // This listener stays: an error that comes later, on a live session, must not end the process.
    client.on('error', fail)
    client.once('close', () => fail(new SallyportError('session_target.protocol')))
    client.once('ready', () => {
      signal.removeEventListener('abort', onAbort)
      resolve(client)
    })
    client.connect(configOf(socket, released, verify))
    rekeying.watch(client)
    guardChannels(client)
    pauseWhileFull(socket)
  })

/** ssh2 tells it by words only: the two sides have no type of host key in common. */
const hasNoSuchHostKey = (error: Error): boolean => error.message.includes('no matching host key format')

const configOf = (socket: Socket, released: Released, verify: (key: Buffer) => boolean): ConnectConfig => ({
  sock: socket,
  username: released.username,
  hostVerifier: verify,
  algorithms: { ...TARGET_ALGORITHMS, serverHostKey: hostKeyAlgorithmsOf(released.hostKeys) },
  readyTimeout: SIGN_IN_MILLISECONDS,
  // Exactly the credential's own methods, once each; ssh2 would otherwise begin with "none".
  authHandler: methodsOf(released),
})

const methodsOf = ({ kind, username, secret }: Released): AnyAuthMethod[] => {
  if (kind === 'ssh-key') return [{ type: 'publickey', username, key: Buffer.from(secret.bytes()) }]
  // ssh2 takes bytes as well, which its types do not say. They are zeroed after sign-in; a string would stay in memory.
  const password = secret.bytes() as unknown as string
  return [
    { type: 'password', username, password },
    {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        // One hidden question is a password prompt. Anything else is not answered with the secret.
        const [only] = prompts
        finish(prompts.length === 1 && only?.echo !== true ? [password] : [])
      },
    },
  ]
}
