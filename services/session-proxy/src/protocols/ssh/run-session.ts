import { fingerprintOf } from './fingerprint.ts'
import type { Egress } from '@sallyport/egress/egress'
import { SallyportError } from '@sallyport/errors/error'
import type { Logger } from '@sallyport/telemetry/logger'
import { inSpan, type Span } from '@sallyport/telemetry/span'
import type { Tracing } from '@sallyport/telemetry/tracing'
import type { Access, Target } from '../../clients/access.ts'
import type { Vault } from '../../clients/vault.ts'
import type { SessionEnd } from '../../domain/session-end.ts'
import { formatTarget, type TargetName, USAGE } from '../../domain/login-name.ts'
import { admit } from '../../sessions/admit.ts'
import { closeSession } from '../../sessions/close-session.ts'
import type { LiveSession } from '../../sessions/live-session.ts'
import { type OpeningDeps, openSession } from '../../sessions/open-session.ts'
import { releaseWhenChanged } from '../../sessions/release-when-changed.ts'
import type { SessionLedger, Visitor } from '../../store/session-ledger.ts'
import { bridge } from './bridge.ts'
import type { CallerTokenSource } from './caller.ts'
import { type ChannelOutput, channelOutput } from './channel-output.ts'
import type { ChannelRequest } from './channel-request.ts'
import { finishChannel } from './finish-channel.ts'
import type { Rekeying } from './rekeying.ts'
import { type Exit, startProgram } from './target-channel.ts'
import { connectTarget } from './target-connection.ts'
import { message, terminal } from './terminal.ts'

export type RunDeps = OpeningDeps & {
  readonly access: Access
  readonly vault: Vault
  readonly egress: Egress
  readonly rekeying: Pick<Rekeying, 'watch'>
  readonly ledger: SessionLedger
  readonly log: Pick<Logger, 'warn' | 'error'>
  readonly tracing?: Pick<Tracing, 'begin'> | undefined
}

export type Guest = {
  readonly visitor: Visitor
  readonly tokens: CallerTokenSource
  readonly targetName: TargetName | undefined
}

/** Everything that happens on one session channel, from admission to the exit status. Never throws. */
export const runSession = (deps: RunDeps, guest: Guest, request: ChannelRequest): Promise<void> => {
  const span = deps.tracing?.begin('session', {})
  const run = (): Promise<void> => runWithin(span, deps, guest, request)
  // To its end, long after the span's: every line of the log and the end of the session belong to the trace.
  return span ? span.run(run) : run()
}

type SessionSpan = Span<'session'> | undefined

const runWithin = async (
  span: SessionSpan,
  deps: RunDeps,
  guest: Guest,
  request: ChannelRequest,
): Promise<void> => {
  using _ = deps.sessions.enter()
  const output = channelOutput(request.channel)
  const hasTerminal = request.pty !== undefined
  request.channel.on('error', () => undefined)
  try {
    const opened = await enter(deps, guest, request, output)
    const outcome = await attempt(span, deps, guest, request, output, opened)
    if (outcome.end.reason !== 'closed') await tell(output, outcome.end.detail, hasTerminal)
    // Whoever is cut is cut at once; otherwise whoever sees the exit status finds the session ended.
    if (isCut(outcome.end)) finishChannel(request.channel, outcome.exit)
    await closeSession(deps, opened.session, outcome.end)
    if (!isCut(outcome.end)) finishChannel(request.channel, outcome.exit)
  } catch (error) {
    await tell(output, explain(deps, error), hasTerminal)
    finishChannel(request.channel, FAILED)
    span?.fail(SallyportError.from(error).code)
  } finally {
    span?.[Symbol.dispose]()
  }
}

const FAILED: Exit = { kind: 'status', status: 1 }
const isCut = ({ reason }: SessionEnd): boolean => reason !== 'closed' && reason !== 'target-failed'

type Opened = { readonly session: LiveSession; readonly statement: string }
type Outcome = { readonly end: SessionEnd; readonly exit: Exit }

const enter = async (
  deps: RunDeps,
  { visitor, tokens, targetName }: Guest,
  request: ChannelRequest,
  output: ChannelOutput,
): Promise<Opened> => {
  if (targetName === undefined) throw new SallyportError('session.refused', USAGE)
  let target: Target | undefined
  const isShell = request.command === undefined
  const { closing } = deps.sessions
  const talk = terminal({ ...request, output, hasTerminal: request.pty !== undefined, isShell, closing })
  const token = async (): Promise<string> => (await tokens()).accessControl
  try {
    target = await inSpan('admission', {}, () => admit({ access: deps.access, token }, targetName, talk))
    const { cols, rows } = request.size()
    return await openSession(deps, {
      visitor,
      token: await token(),
      target,
      kind: isShell ? 'shell' : 'exec',
      command: request.command ?? '',
      screen: { cols, rows, ...(request.pty?.term && { term: request.pty.term }) },
    })
  } catch (error) {
    await deps.ledger.refused(visitor, {
      target: formatTarget(targetName),
      credentialId: target?.credentialId ?? '',
      deviceId: target?.deviceId ?? '',
      reason: SallyportError.from(error).reason,
    })
    throw error
  }
}

/** Connects and carries. A failure on the way to the target is an end of the session, with its cause. */
const attempt = async (
  span: SessionSpan,
  deps: RunDeps,
  { tokens }: Guest,
  request: ChannelRequest,
  output: ChannelOutput,
  { session, statement }: Opened,
): Promise<Outcome> => {
  const hasTerminal = request.pty !== undefined
  session.onSay(text => void output.write(hasTerminal ? 'stdout' : 'stderr', message(text, hasTerminal)))
  const gone = (): void => session.end({ reason: 'closed', detail: 'The client closed the connection.' })
  request.channel.once('close', gone)
  try {
    const { vault: token } = await tokens()
    const released = await releaseWhenChanged(session, () => deps.vault.release(token, statement))
    const options = {
      signal: session.ending,
      egress: deps.egress,
      rekeying: deps.rekeying,
      onHostKeyMismatch: (key: Buffer | undefined) => void noteMismatch(deps, session, key),
    }
    const client = await inSpan('connection', {}, () => connectTarget(released, options))
    // Cut at once, whatever is waited for: a target that opens no channel would hold the session for ever.
    const cut = (): void => void client.destroy()
    session.ending.addEventListener('abort', cut)
    if (session.ending.aborted) cut()
    try {
      const pty = request.pty && { ...request.pty, ...request.size() }
      const target = await startProgram(client, { command: request.command, pty, env: request.env })
      span?.[Symbol.dispose]()
      const end = await bridge({ session, request, output, target })
      return { end, exit: end.reason === 'closed' ? ((await settled(target.closed)) ?? FAILED) : FAILED }
    } finally {
      client.end()
      client.destroy()
    }
  } catch (error) {
    const failure = { reason: 'target-failed', detail: explain(deps, error) } as const
    return { end: session.endedBy() ?? failure, exit: FAILED }
  }
}

/** The exit if it is known already: a client that went away does not wait for one. */
const settled = (closed: Promise<Exit | undefined>): Promise<Exit | undefined> =>
  Promise.race([closed, new Promise<undefined>(resolve => setImmediate(() => resolve(undefined)))])

const noteMismatch = async (deps: RunDeps, session: LiveSession, key: Buffer | undefined): Promise<void> => {
  try {
    await deps.ledger.hostKeyMismatch(session.facts, key === undefined ? '' : fingerprintOf(key))
  } catch (error) {
    deps.log.error(
      { err: error, sessionId: session.facts.id },
      'a host key mismatch could not be written down',
    )
  }
}

const TELL_MILLISECONDS = 500

/** A client that reads nothing does not hold up the end. */
const tell = (output: ChannelOutput, text: string, hasTerminal: boolean): Promise<unknown> =>
  Promise.race([
    output.write(hasTerminal ? 'stdout' : 'stderr', message(text, hasTerminal)),
    new Promise(resolve => setTimeout(resolve, TELL_MILLISECONDS).unref()),
  ])

const explain = ({ log }: Pick<RunDeps, 'log'>, error: unknown): string => {
  const known = SallyportError.from(error)
  if (known.code === 'internal') log.error({ err: error }, 'a session failed')
  else if (known.cause !== undefined) log.warn({ err: error }, 'a session was refused or failed')
  return known.message
}
