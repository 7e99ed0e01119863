import type { ServerChannel } from 'ssh2'
import { statusOfSignal } from '../../domain/session-end.ts'
import type { Exit } from './target-channel.ts'

const FORCE_MILLISECONDS = 1_000

/** Sends the exit status or signal, then the end. Everything written before has been taken by the client's window. */
export const finishChannel = (channel: ServerChannel, exit: Exit): void => {
  try {
    if (exit.kind === 'status') channel.exit(exit.status)
    else sendSignal(channel, exit)
    channel.end()
    // Something that still waits for the window of a client which reads nothing would hold up the end for ever.
    const force = setTimeout(() => channel.close(), FORCE_MILLISECONDS)
    channel.once('close', () => clearTimeout(force))
  } catch {
    channel.destroy()
  }
}

/** ssh2 knows the signals of RFC 4254 only; another one is told as shells tell it. */
const sendSignal = (channel: ServerChannel, exit: Exit & { kind: 'signal' }): void => {
  try {
    channel.exit(exit.signal, exit.coreDumped, exit.message)
  } catch {
    channel.exit(statusOfSignal(exit.signal))
  }
}
