import type { ServerChannel } from 'ssh2'
import { type SessionEnd, statusOfSignal } from '../../domain/session-end.ts'
import type { LiveSession } from '../../sessions/live-session.ts'
import type { ChannelOutput } from './channel-output.ts'
import type { ChannelRequest } from './channel-request.ts'
import { pump } from './pump.ts'
import type { Exit, TargetChannel } from './target-channel.ts'

type Bridge = {
  readonly session: LiveSession
  readonly request: ChannelRequest
  readonly output: ChannelOutput
  readonly target: TargetChannel
}

/**
 * Carries bytes both ways until the program has ended, the client has gone, or the session must end.
 * INVARIANT: the recorder has taken every byte of output before the client gets it.
 */
export const bridge = async ({ session, request, output, target }: Bridge): Promise<SessionEnd> => {
  const { recorder } = session
  const toClient = (stream: 'stdout' | 'stderr') => async (bytes: Buffer) => {
    await recorder.output(bytes)
    if (!session.ending.aborted) await output.write(stream, bytes)
  }
  request.onResize(size => {
    recorder.resize(size.cols, size.rows)
    target.channel.setWindow(size.rows, size.cols, size.height, size.width)
  })
  request.onSignal(signal => passSignal(target, signal))
  carryInput(request.channel, target).catch(() => undefined)
  const shown = Promise.all([
    pump(target.channel, toClient('stdout')),
    pump(target.channel.stderr, toClient('stderr')),
  ])
  const programEnd = shown.then(() => target.closed).then(endOf)
  return Promise.race([programEnd, clientGone(request.channel), mustEnd(session)])
}

/** The end of the client's input is passed on; the program's output goes on (half-close). */
const carryInput = async (client: ServerChannel, { channel, closed }: TargetChannel): Promise<void> => {
  // Not a race with `closed`: it would remember every piece until then.
  let release: () => void = () => {}
  void closed.then(() => release())
  const write = (bytes: Buffer): Promise<void> =>
    new Promise(resolve => {
      if (!channel.writable) return resolve()
      release = resolve
      channel.write(bytes, () => resolve())
    })
  await pump(client, write)
  if (channel.writable) channel.end()
}

/** ssh2 throws for a signal that RFC 4254 does not name. */
const passSignal = ({ channel }: TargetChannel, signal: string): void => {
  try {
    channel.signal(signal)
  } catch {
    // Nothing to pass on.
  }
}

const endOf = (exit: Exit | undefined): SessionEnd => {
  if (exit === undefined) {
    return { reason: 'target-failed', detail: 'The connection to the device was lost.' }
  }
  const exitStatus = exit.kind === 'status' ? exit.status : statusOfSignal(exit.signal)
  return { reason: 'closed', detail: 'The program ended.', exitStatus }
}

const clientGone = (channel: ServerChannel): Promise<SessionEnd> =>
  new Promise(resolve =>
    channel.once('close', () => resolve({ reason: 'closed', detail: 'The client closed the connection.' })),
  )

const mustEnd = (session: LiveSession): Promise<SessionEnd> =>
  new Promise(resolve => {
    const tell = (): void =>
      resolve(session.endedBy() ?? { reason: 'terminated', detail: 'The session was ended.' })
    if (session.ending.aborted) tell()
    else session.ending.addEventListener('abort', tell)
  })
