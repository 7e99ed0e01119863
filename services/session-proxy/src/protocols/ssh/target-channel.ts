import { SallyportError } from '@sallyport/errors/error'
import type { Client, ClientChannel, PseudoTtyOptions } from 'ssh2'

/** How a program on the target ended; undefined when the channel closed without a word. */
export type Exit =
  | { readonly kind: 'status'; readonly status: number }
  | {
      readonly kind: 'signal'
      readonly signal: string
      readonly coreDumped: boolean
      readonly message: string
    }

export type TargetChannel = { readonly channel: ClientChannel; readonly closed: Promise<Exit | undefined> }

export type Program = {
  readonly command: string | undefined
  readonly pty: PseudoTtyOptions | undefined
  readonly env: Readonly<Record<string, string>>
}

/** Starts a shell, or a command, on the target. */
export const startProgram = (client: Client, { command, pty, env }: Program): Promise<TargetChannel> =>
  new Promise((resolve, reject) => {
    // The listeners are there before this function returns to ssh2: a program may have ended by the next promise tick.
    const onStarted = (error: Error | undefined, channel: ClientChannel): void => {
      if (error) reject(new SallyportError('session_target.channel_refused', undefined, { cause: error }))
      else resolve({ channel, closed: exitOf(channel) })
    }
    client.once('close', () => reject(new SallyportError('session_target.protocol')))
    try {
      if (command === undefined) client.shell(pty ?? false, { env: { ...env } }, onStarted)
      else client.exec(command, { env: { ...env }, ...(pty && { pty }) }, onStarted)
    } catch (error) {
      // The target has gone since it let us in.
      reject(new SallyportError('session_target.protocol', undefined, { cause: error }))
    }
  })

const exitOf = (channel: ClientChannel): Promise<Exit | undefined> =>
  new Promise(resolve => {
    let exit: Exit | undefined
    channel.on('exit', (status: number | null, signal?: string, dumped?: unknown, message?: string) => {
      exit =
        status === null
          ? { kind: 'signal', signal: bare(signal), coreDumped: dumped === true, message: message ?? '' }
          : { kind: 'status', status }
    })
    channel.on('error', () => undefined)
    channel.stderr.on('error', () => undefined)
    channel.once('close', () => resolve(exit))
  })

/** ssh2 puts "SIG" before the name that was sent. */
const bare = (signal = 'TERM'): string => signal.replace(/^SIG/, '')
