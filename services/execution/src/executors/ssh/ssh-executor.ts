import type { Egress } from '@sallyport/egress/egress'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import type { Answer } from '../../domain/rotation/decide.ts'
import type { Template } from '../../domain/template/ast.ts'
import type { Executor } from '../executor.ts'
import { openConnection } from './connection.ts'
import { defaultTimeoutMs, runTemplate } from './run-template.ts'

type Deps = { egress: Egress }

/** Signs in over SSH and runs templates there. */
export const sshExecutor = ({ egress }: Deps): Executor => ({
  async run(run) {
    const connectTimeoutMs = connectTimeoutOf(run.template)
    run.guard()
    await using connection = await openConnection(run.target, run.signIn, {
      egress,
      connectTimeoutMs,
      signal: run.signal,
    })
    run.capture.note('Signed in')
    await run.onSignedIn()
    await runTemplate(run, connection)
  },

  async probe(target, signIn, signal) {
    try {
      await using _ = await openConnection(target, signIn, {
        egress,
        connectTimeoutMs: defaultTimeoutMs,
        signal,
      })
      return 'works'
    } catch (error) {
      return answerOf(error)
    }
  },
})

/** What is asked of the connection must be known before there is one, wherever the line stands. */
const connectTimeoutOf = ({ commands }: Template): number => {
  const setting = commands.findLast(command => command.kind === 'set-connect-timeout')
  return setting?.kind === 'set-connect-timeout' ? setting.milliseconds : defaultTimeoutMs
}

const answerOf = (error: unknown): Answer => {
  if (!(error instanceof AttemptFailure)) throw error
  if (error.failure === 'interrupted') throw error
  return error.failure === 'authentication_failed' ? 'refused' : 'unreachable'
}
