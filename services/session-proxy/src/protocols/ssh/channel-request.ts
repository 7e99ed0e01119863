import type { PseudoTtyInfo, PseudoTtyOptions, ServerChannel, Session } from 'ssh2'
import { mayPassVariable, REASON_VARIABLE } from '../../domain/environment.ts'

export type Size = {
  readonly cols: number
  readonly rows: number
  readonly width: number
  readonly height: number
}

/** What a client asked of one session channel, up to its shell or command. */
export type ChannelRequest = {
  readonly channel: ServerChannel
  readonly command: string | undefined
  readonly pty: PseudoTtyOptions | undefined
  readonly env: Readonly<Record<string, string>>
  readonly reason: string | undefined
  /** The size now: it may have changed since the terminal was asked for. */
  readonly size: () => Size
  readonly onResize: (listener: (size: Size) => void) => void
  readonly onSignal: (listener: (signal: string) => void) => void
}

type Handlers = {
  readonly onRequest: (request: ChannelRequest) => void
  readonly onRefused: (feature: string) => void
}

/** ssh2 gives nothing for a second shell or command on one channel, whatever its types say. */
type Accept = () => ServerChannel | undefined

const MAX_REASON_CHARACTERS = 500

/** Collects a channel's requests, and refuses every feature that is not a shell or a command. */
export const collectRequests = (session: Session, { onRequest, onRefused }: Handlers): void => {
  let pty: PseudoTtyOptions | undefined
  let size = DEFAULT_SIZE
  let reason: string | undefined
  const env = new Map<string, string>()
  let resized: ((size: Size) => void) | undefined
  let isUnheard = false
  let signalled: (signal: string) => void = () => {}

  const start = (accept: Accept, command: string | undefined): void => {
    // Accepted before anything asynchronous: ssh2 drops what arrives for a channel that is not there yet.
    const channel = accept()
    if (channel === undefined) return
    onRequest({
      channel,
      command,
      pty,
      env: Object.fromEntries(env),
      reason,
      size: () => size,
      onResize: listener => {
        resized = listener
        // The target's terminal may have been asked for before that one came.
        if (isUnheard) listener(size)
      },
      onSignal: listener => {
        signalled = listener
      },
    })
  }

  session.on('pty', (accept, _reject, info) => {
    size = sizeOf(info)
    pty = { ...info, ...size, term: termOf(info) }
    accept?.()
  })
  session.on('env', (accept, reject, { key, val }) => {
    if (key === REASON_VARIABLE) reason = val.slice(0, MAX_REASON_CHARACTERS)
    else if (mayPassVariable(key, val, env.size)) env.set(key, val)
    else return reject?.()
    accept?.()
  })
  session.on('window-change', (accept, _reject, info) => {
    size = sizeOf(info)
    accept?.()
    if (resized === undefined) isUnheard = true
    else resized(size)
  })
  session.on('signal', (accept, _reject, { name }) => {
    accept?.()
    signalled(name)
  })
  session.on('shell', accept => start(accept, undefined))
  session.on('exec', (accept, _reject, { command }) => {
    if (!isScp(command)) return start(accept, command)
    onRefused('scp')
    explain(accept(), 'SCP is not offered here: use a shell or a command.')
  })
  session.on('x11', (_accept, reject) => {
    onRefused('x11')
    reject?.()
  })
  session.on('auth-agent', (_accept, reject) => {
    onRefused('agent')
    reject?.()
  })
  // `sftp` without a listener of its own comes here too.
  session.on('subsystem', (accept, _reject, { name }) => {
    onRefused(`subsystem ${name.slice(0, 40)}`)
    const what = name === 'sftp' ? 'SFTP is' : 'Subsystems are'
    explain(accept(), `${what} not offered here: use a shell or a command.`)
  })
}

/** The other half of a client's `scp -O`: a file transfer by a program that people did not type. */
const isScp = (command: string): boolean => /^\s*(?:\S*\/)?scp\s+(?:-\S+\s+)*-[a-z]*[tf]\b/.test(command)

/** Accepted only to say why: clients show nothing of a refusal but that it was one. */
const explain = (channel: ReturnType<Accept>, text: string): void => {
  if (channel === undefined) return
  channel.on('error', () => undefined)
  channel.stderr.write(`${text}\n`, () => {
    channel.exit(1)
    channel.end()
  })
}

const DEFAULT_SIZE: Size = { cols: 80, rows: 24, width: 0, height: 0 }
const MAX_SIDE = 10_000

/** A side of zero says nothing (RFC 4254, section 6.2): clients without a terminal of their own send it. */
const sizeOf = ({ cols, rows, width, height }: Size): Size => ({
  cols: Math.min(cols || DEFAULT_SIZE.cols, MAX_SIDE),
  rows: Math.min(rows || DEFAULT_SIZE.rows, MAX_SIDE),
  width: Math.min(width, 100_000),
  height: Math.min(height, 100_000),
})

const termOf = (info: PseudoTtyInfo): string => {
  const term: unknown = Reflect.get(info, 'term')
  return typeof term === 'string' && /^[\w.+-]{1,64}$/.test(term) ? term : 'xterm'
}
