import { StringDecoder } from 'node:string_decoder'
import type { ClientChannel } from 'ssh2'
import { matcherFor } from '../../domain/pattern/match.ts'
import type { Pattern } from '../../domain/pattern/pattern.ts'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import type { Capture } from '../executor.ts'

/** A command on the target that we talk to. */
export type RunningCommand = {
  /** Waits until the output since the last match contains the pattern. */
  expect(pattern: Pattern, timeoutMs: number): Promise<void>
  /** From now on output with this pattern in it is a failure. */
  forbid(pattern: Pattern): void
  /** Waits until the target's window has taken the bytes, and forgets them. */
  write(bytes: Uint8Array, timeoutMs: number): Promise<void>
  /** Waits for the command to end; gives its exit status. */
  end(timeoutMs: number): Promise<number>
}

type Waiter = { read: (text: string) => void; settle: (outcome: AttemptFailure | number) => void }

/** What a target may print before we stop listening. */
const mostOutputBytes = 1024 * 1024
/** What is kept of it for the next `expect`. */
const mostPendingCharacters = 64 * 1024

type Options = { terminal: boolean; capture: Capture; signal: AbortSignal }

export const runningCommand = (
  channel: ClientChannel,
  { terminal, capture, signal }: Options,
): RunningCommand => {
  let pending = ''
  let received = 0
  let waiter: Waiter | undefined
  let outcome: AttemptFailure | number | undefined
  const forbidden: { source: string; feed: (text: string) => number | undefined }[] = []

  const settle = (how: AttemptFailure | number) => {
    outcome ??= how
    waiter?.settle(outcome)
  }
  // What is found in the output of a command that has ended already is a failure all the same.
  const fail = (failure: AttemptFailure) => {
    if (typeof outcome === 'number') outcome = undefined
    settle(failure)
    channel.destroy()
  }
  const read = (text: string) => {
    const broken = forbidden.find(({ feed }) => feed(text) !== undefined)
    if (broken !== undefined)
      return fail(new AttemptFailure('unexpected_output', `Output had "${broken.source}" in it`))
    if (waiter !== undefined) return waiter.read(text)
    keep(text)
  }
  const keep = (text: string): void => {
    pending = (pending + text).slice(-mostPendingCharacters)
  }
  const listen = (stream: NodeJS.ReadableStream) => {
    const decoder = new StringDecoder('utf8')
    const log = capture.output()
    stream.on('data', (bytes: Buffer) => {
      received += bytes.length
      if (received > mostOutputBytes)
        return fail(new AttemptFailure('unexpected_output', 'The target printed too much'))
      log.write(bytes)
      read(decoder.write(bytes))
    })
    stream.on('end', () => log.end())
    stream.on('error', () => fail(new AttemptFailure('connection_lost')))
  }

  listen(channel)
  listen(channel.stderr)
  let status: number | undefined
  channel.on('exit', (code: number | null) => {
    status = code ?? undefined
  })
  channel.on('close', () =>
    settle(status ?? new AttemptFailure('connection_lost', 'The command ended without a status')),
  )
  signal.addEventListener('abort', () => fail(new AttemptFailure('interrupted')), { once: true })

  const waitFor = <T>(
    timeoutMs: number,
    begin: (done: (value: T) => void, fail: (e: Error) => void) => Waiter,
  ) =>
    new Promise<T>((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer)
        waiter = undefined
        act()
      }
      const timer = setTimeout(() => finish(() => reject(new AttemptFailure('timeout'))), timeoutMs)
      waiter = begin(
        value => finish(() => resolve(value)),
        error => finish(() => reject(error)),
      )
    })

  return {
    async expect(pattern, timeoutMs) {
      const matcher = matcherFor(pattern)
      const before = pending
      const matched = matcher.feed(before)
      pending = matched === undefined ? '' : before.slice(matched)
      if (matched !== undefined) return
      if (outcome !== undefined) throw endedEarly(outcome)
      await waitFor<void>(timeoutMs, (done, fail) => ({
        read: text => {
          const at = matcher.feed(text)
          if (at === undefined) return
          pending = text.slice(at)
          done()
        },
        settle: how => fail(endedEarly(how)),
      }))
    },
    forbid(pattern) {
      const { feed } = matcherFor(pattern)
      forbidden.push({ source: pattern.source, feed })
      if (feed(pending) !== undefined) {
        fail(new AttemptFailure('unexpected_output', `Output had "${pattern.source}" in it`))
      }
    },
    async write(bytes, timeoutMs) {
      if (outcome !== undefined) throw endedEarly(outcome)
      await waitFor<void>(timeoutMs, (done, fail) => {
        channel.write(bytes, error => {
          bytes.fill(0)
          if (error) fail(new AttemptFailure('connection_lost', undefined, { cause: error }))
          else done()
        })
        return { read: keep, settle: how => fail(endedEarly(how)) }
      })
    },
    async end(timeoutMs) {
      // A terminal has no end of input; the command on it ends by itself.
      if (!terminal) channel.end()
      if (outcome instanceof AttemptFailure) throw outcome
      if (outcome !== undefined) return outcome
      return waitFor<number>(timeoutMs, (done, fail) => ({
        read: () => {},
        settle: how => (how instanceof AttemptFailure ? fail(how) : done(how)),
      }))
    },
  }
}

const endedEarly = (how: AttemptFailure | number): AttemptFailure =>
  how instanceof AttemptFailure
    ? how
    : new AttemptFailure('command_failed', `The command ended too early, with status ${how}`)
