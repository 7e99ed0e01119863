import type { ServerChannel } from 'ssh2'
import { type SessionEnd, statusOfSignal } from '../../domain/session-end.ts'
import type { LiveSession } from '../../sessions/live-session.ts'
import { hasRoom, isFull } from './back-pressure.ts'
import type { ChannelOutput } from './channel-output.ts'
import type { ChannelRequest, Size } from './channel-request.ts'
import { socketOf } from './internals.ts'
import { latestOnly } from './latest-only.ts'
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
 * INVARIANT: every byte of output is recorded before the client gets it.
 */
export const bridge = async ({ session, request, output, target }: Bridge): Promise<SessionEnd> => {
  const { recorder } = session
  const toClient = (stream: 'stdout' | 'stderr') => async (bytes: Buffer) => {
    await recorder.output(bytes)
    if (!session.ending.aborted) await output.write(stream, bytes)
  }
  const resize = latestOnly(async (size: Size) => {
    await recorder.resize(size.cols, size.rows)
    await hasRoom(socketOf(target.channel))
    target.channel.setWindow(size.rows, size.cols, size.height, size.width)
  })
  request.onResize(resize)
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
  const write = async (bytes: Buffer): Promise<void> => {
    await new Promise<void>(resolve => {
      if (!channel.writable) return resolve()
      release = resolve
      channel.write(bytes, () => resolve())
    })
    await hasRoom(socketOf(channel))
  }
  let tail: Promise<void> = Promise.resolve()
  await pump(client, bytes => {
    tail = tail.then(() => write(bytes))
    return tail
  })
  if (channel.writable) channel.end()
}

/** ssh2 throws for a signal that RFC 4254 does not name. */
const passSignal = ({ channel }: TargetChannel, signal: string): void => {
  if (isFull(socketOf(channel))) return
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
