import ssh2, { type ServerHostKeyAlgorithm } from 'ssh2'
import type { Egress } from '@sallyport/egress/egress'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import { keyKinds } from './host-key.ts'
import { openSocket } from './socket.ts'

type Options = { address: string; port: number; egress: Egress; signal: AbortSignal }

const timeoutMs = 5000

/**
 * The host keys that a server shows, one of each kind it has. Nothing is sent beyond the key exchange, and nothing is
 * trusted. Throws AttemptFailure if the server cannot be reached or shows none.
 */
export const scanHostKeys = async (options: Options): Promise<Buffer[]> => {
  const keys: Buffer[] = []
  for (const kind of keyKinds) {
    const key = await keyOfKind(kind, options)
    if (key !== undefined) keys.push(key)
  }
  if (keys.length === 0) throw new AttemptFailure('unreachable', 'The target showed no SSH host key')
  return keys
}

const keyOfKind = async (
  serverHostKey: ServerHostKeyAlgorithm[],
  options: Options,
): Promise<Buffer | undefined> => {
  const sock = await openSocket(options.address, { ...options, timeoutMs })
  const client = new ssh2.Client()
  let key: Buffer | undefined
  try {
    await new Promise<void>(resolve => {
      client.on('error', () => resolve())
      client.on('close', () => resolve())
      client.on('ready', () => resolve())
      client.connect({
        sock,
        username: 'nobody',
        algorithms: { serverHostKey },
        readyTimeout: timeoutMs,
        // Refusing ends the connection before anything else is said.
        hostVerifier: (shown: Buffer) => {
          key = Buffer.from(shown)
          return false
        },
      })
    })
    return key
  } finally {
    client.destroy()
    sock.destroy()
  }
}
