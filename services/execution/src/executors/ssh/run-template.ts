import { setTimeout as pause } from 'node:timers/promises'
import type { ClientChannel, PseudoTtyOptions } from 'ssh2'
import { literalPattern } from '../../domain/pattern/compile.ts'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import type { Command, NewLineMode } from '../../domain/template/ast.ts'
import { RenderError, renderExec, renderLiteral, renderWrite } from '../../domain/template/render.ts'
import type { Run } from '../executor.ts'
import type { SshConnection } from './connection.ts'
import { type RunningCommand, runningCommand } from './running-command.ts'

type State = {
  readTimeoutMs: number
  newLine: NewLineMode
  terminal: boolean
  running: RunningCommand | undefined
}

export const defaultTimeoutMs = 5000

/** Runs a template's commands in order on an open connection. */
export const runTemplate = async (run: Run, connection: SshConnection): Promise<void> => {
  const state: State = { readTimeoutMs: defaultTimeoutMs, newLine: 'lf', terminal: true, running: undefined }
  for (const command of run.template.commands) {
    run.guard()
    run.capture.note(`${command.line}: ${command.source.trim()}`)
    try {
      await perform(command, run, state, connection)
    } catch (error) {
      throw located(error, command.line)
    }
  }
  if (state.running !== undefined) await finish(state, 0)
}

const perform = async (
  command: Command,
  run: Run,
  state: State,
  connection: SshConnection,
): Promise<void> => {
  const { values, signal } = run
  switch (command.kind) {
    case 'set-read-timeout':
      state.readTimeoutMs = command.milliseconds
      return
    case 'set-connect-timeout':
      return
    case 'set-new-line-mode':
      state.newLine = command.mode
      return
    case 'set-terminal':
      state.terminal = command.on
      return
    case 'sleep':
      await pause(command.milliseconds, undefined, { signal }).catch(() => {
        throw new AttemptFailure('interrupted')
      })
      return
    case 'exec':
      if (state.running !== undefined) await finish(state, 0)
      state.running = await start(renderExec(command.parts, values), run, state, connection)
      return
    case 'write':
      return open(state).write(
        guarded(run, renderWrite(command.parts, values, state.newLine)),
        state.readTimeoutMs,
      )
    case 'expect':
      return open(state).expect(literalPattern(renderLiteral(command.parts, values)), state.readTimeoutMs)
    case 'expect-regex':
      return open(state).expect(command.pattern, state.readTimeoutMs)
    case 'no-expect':
      return open(state).forbid(literalPattern(renderLiteral(command.parts, values)))
    case 'end':
      return finish(state, command.status)
  }
}

/** The last moment at which a worker can notice that it has lost its lease. */
const guarded = <T>(run: Run, what: T): T => {
  run.guard()
  return what
}

const open = ({ running }: State): RunningCommand => {
  if (running === undefined) throw new AttemptFailure('internal', 'No command is running')
  return running
}

const finish = async (state: State, expected: number): Promise<void> => {
  const status = await open(state).end(state.readTimeoutMs)
  state.running = undefined
  if (status !== expected)
    throw new AttemptFailure('command_failed', `The command ended with status ${status}`)
}

// Wide, so that the terminal breaks no line in two; without echo, so that it does not repeat what we write.
const terminalOptions: PseudoTtyOptions = { term: 'dumb', cols: 1000, rows: 50, modes: { ECHO: 0 } }

const start = (line: string, run: Run, state: State, { client }: SshConnection): Promise<RunningCommand> => {
  const { terminal, readTimeoutMs } = state
  const { capture, signal } = run
  let settle = (): void => {}
  const started = new Promise<RunningCommand>((resolve, reject) => {
    const abort = () => reject(new AttemptFailure('interrupted'))
    // A target that never opens the channel would hold its worker for ever.
    const timer = setTimeout(() => reject(new AttemptFailure('timeout')), readTimeoutMs)
    signal.addEventListener('abort', abort)
    settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    if (signal.aborted) abort()
    const opened = (cause: Error | undefined, channel: ClientChannel) => {
      if (cause) reject(new AttemptFailure('command_failed', 'The target refused the command', { cause }))
      // Listens at once: a command that is quick has ended before a promise would have been settled.
      else resolve(runningCommand(channel, { terminal, capture, signal }))
    }
    client.once('close', () => reject(new AttemptFailure('connection_lost')))
    if (line === '' && terminal) client.shell(terminalOptions, opened)
    else if (line === '') client.shell(false, opened)
    else client.exec(line, terminal ? { pty: terminalOptions } : {}, opened)
  })
  return started.finally(settle)
}

const located = (error: unknown, line: number): unknown => {
  if (error instanceof RenderError)
    return new AttemptFailure('value_not_allowed', `Line ${line}: ${error.message}`)
  if (!(error instanceof AttemptFailure) || error.failure === 'lease_lost') return error
  return new AttemptFailure(error.failure, `Line ${line}: ${error.message}`, { cause: error.cause })
}
