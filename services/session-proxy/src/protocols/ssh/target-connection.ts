import { type BlockList, connect, type Socket } from 'node:net'
import { SallyportError } from '@sallyport/errors/error'
import ssh2, { type AnyAuthMethod, type Client, type ConnectConfig } from 'ssh2'
import type { Released } from '../../clients/vault.ts'
import { ALGORITHMS, hostKeyAlgorithmsOf } from './algorithms.ts'
import { targetFailure } from './target-failure.ts'

const CONNECT_MILLISECONDS = 10_000
const SIGN_IN_MILLISECONDS = 20_000

export type TargetOptions = {
  /** Called with the key that a target offered, in SSH wire format, if it is not one of the pinned ones. */
  readonly onHostKeyMismatch: (offered: Buffer) => void
  readonly signal: AbortSignal
  readonly forbidden: BlockList
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

const openSocket = ({ address, port }: Released, { signal, forbidden }: TargetOptions): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true, keepAlive: true, blockList: forbidden })
    const giveUp = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => giveUp(new SallyportError('request.canceled'))
    const timer = setTimeout(() => giveUp(new SallyportError('session_target.timeout')), CONNECT_MILLISECONDS)
    signal.addEventListener('abort', onAbort)
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    socket
      .once('error', giveUp)
      .once('close', settle)
      .once('connect', () => {
        settle()
        resolve(socket)
      })
  })

const handshake = (
  socket: Socket,
  released: Released,
  { onHostKeyMismatch, signal }: TargetOptions,
): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    let mismatch: SallyportError | undefined
    const verify = (offered: Buffer): boolean => {
      const known = released.hostKeys.some(key => key.equals(offered))
      if (!known) {
        mismatch = new SallyportError('session_target.host_key_mismatch')
        onHostKeyMismatch(offered)
      }
      return known
    }
    const fail = (error: Error): void => {
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
  })

const configOf = (socket: Socket, released: Released, verify: (key: Buffer) => boolean): ConnectConfig => ({
  sock: socket,
  username: released.username,
  hostVerifier: verify,
  algorithms: { ...ALGORITHMS, serverHostKey: hostKeyAlgorithmsOf(released.hostKeys) },
  readyTimeout: SIGN_IN_MILLISECONDS,
  keepaliveInterval: 15_000,
  keepaliveCountMax: 3,
  // Exactly the credential's own methods, once each; ssh2 would otherwise begin with "none".
  authHandler: methodsOf(released),
})

/** ssh2 takes passwords as strings only: this one lives until it is collected. */
const methodsOf = ({ kind, username, secret }: Released): AnyAuthMethod[] => {
  if (kind === 'ssh-key') return [{ type: 'publickey', username, key: Buffer.from(secret.bytes()) }]
  const password = secret.bytes().toString('utf8')
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
