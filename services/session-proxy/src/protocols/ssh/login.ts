import type { AuthContext, Connection, KeyboardAuthContext, PublicKeyAuthContext } from 'ssh2'
import { isReasonError, SallyportError } from '@sallyport/errors/error'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Authentication, LoginStep, Person, SignedIn } from '../../clients/authentication.ts'
import { type LoginName, parseLoginName, type ParsedLoginName } from '../../domain/login-name.ts'
import { askPassword, completeLogin } from './login-dialogue.ts'
import { askByKeyboard, PromptAbandoned } from './prompts.ts'
import { isAcceptableKey, provesKey } from './proved-key.ts'

export type LoggedIn = { readonly login: SignedIn; readonly name: LoginName }

export type LoginDeps = {
  readonly authentication: Authentication
  readonly sourceAddress: string
  readonly onFirstFactor: () => void
  readonly log: Pick<Logger, 'warn'>
}

const BOTH = ['publickey', 'keyboard-interactive'] as const
const KEYBOARD = ['keyboard-interactive'] as const
const MAX_DIALOGUES = 3
const MAX_KEYS = 6

/** Signs somebody in on a connection. Resolves with the login of the request that ssh2 accepted, and of no other. */
export const signIn = (connection: Connection, deps: LoginDeps): Promise<LoggedIn> =>
  new Promise(resolve => {
    const attempt = loginAttempt(deps, () => connection.end())
    connection.on('authentication', context => {
      const handle = async (): Promise<void> => {
        const loggedIn = await attempt(context)
        if (loggedIn !== undefined && isAccepted(connection, context)) resolve(loggedIn)
      }
      handle().catch(() => connection.end())
    })
  })

/** INVARIANT: `ready` comes from within `accept`, and only if this request is still the connection's current one. */
const isAccepted = (connection: Connection, context: AuthContext): boolean => {
  let ready = false
  const onReady = (): void => {
    ready = true
  }
  connection.once('ready', onReady)
  context.accept()
  connection.removeListener('ready', onReady)
  return ready
}

/** Handles one connection's login requests. Gives the login that a request led to. */
const loginAttempt = (deps: LoginDeps, disconnect: () => void) => {
  let userName: string | undefined
  let proved: LoginStep | undefined
  let dialogues = 0
  let keys = 0

  const keyboard = async (context: KeyboardAuthContext, name: LoginName): Promise<LoggedIn | undefined> => {
    const person = personOf(name, deps)
    const firstFactor = proved
    // A challenge is good for one try: after a failure everything begins anew.
    proved = undefined
    try {
      const step = firstFactor ?? (await askPassword(deps, person, context))
      return { name, login: await completeLogin(deps, person, context, step, name.code) }
    } catch (error) {
      noteFailure(deps, error)
      dialogues += 1
      await explainRefusedPassword(context, error)
      context.reject([...BOTH])
      return undefined
    }
  }
  const publicKey = async (context: PublicKeyAuthContext, name: LoginName): Promise<LoggedIn | undefined> => {
    if (context.signature === undefined && isAcceptableKey(context)) {
      context.accept()
      return undefined
    }
    keys += 1
    const step = provesKey(context) ? await provedKey(deps, name, context) : undefined
    if (step?.kind === 'signed-in') return { name, login: step.login }
    proved = step
    if (step !== undefined) deps.onFirstFactor()
    context.reject(step === undefined ? [...BOTH] : [...KEYBOARD], step !== undefined)
    return undefined
  }
  return async (context: AuthContext): Promise<LoggedIn | undefined> => {
    userName ??= context.username
    const parsed = parseLoginName(context.username)
    if (context.username !== userName || dialogues >= MAX_DIALOGUES || keys >= MAX_KEYS) {
      disconnect()
      return undefined
    }
    if (context.method === 'keyboard-interactive') {
      if (parsed.ok) return keyboard(context, parsed.login)
      await explain(context, parsed, disconnect)
      return undefined
    }
    if (context.method === 'publickey' && parsed.ok) return publicKey(context, parsed.login)
    context.reject([...BOTH])
    return undefined
  }
}

const personOf = ({ tenant, user }: LoginName, { sourceAddress }: LoginDeps): Person => ({
  tenant,
  user,
  sourceAddress,
})

const provedKey = async (
  deps: LoginDeps,
  name: LoginName,
  { key }: PublicKeyAuthContext,
): Promise<LoginStep | undefined> => {
  try {
    return await deps.authentication.withPublicKey(personOf(name, deps), key.data)
  } catch (error) {
    noteFailure(deps, error)
    return undefined
  }
}

/** Whoever chose it has given every other factor, and would try the same again. */
const explainRefusedPassword = async (context: KeyboardAuthContext, error: unknown): Promise<void> => {
  if (!isReasonError(error, 'password.refused')) return
  const text = `This new password is refused: ${SallyportError.from(error).message}. Sign in again, and choose another.`
  await askByKeyboard(context, 'Sallyport', text, []).catch(() => undefined)
}

/** A login name that nobody can have is explained to whoever typed it. */
const explain = async (
  context: KeyboardAuthContext,
  parsed: ParsedLoginName & { ok: false },
  disconnect: () => void,
): Promise<void> => {
  const text = `This login name is not understood: ${parsed.problem}.`
  await askByKeyboard(context, 'Sallyport', text, []).catch(() => undefined)
  context.reject([...BOTH])
  disconnect()
}

/** A wrong password or code is the person's affair; everything else is ours. */
const noteFailure = ({ log, sourceAddress }: LoginDeps, error: unknown): void => {
  if (error instanceof PromptAbandoned || isReasonError(error, 'caller.unauthenticated')) return
  const known = SallyportError.from(error)
  if (known.code === 'internal' || known.code === 'unavailable') {
    log.warn({ err: error, sourceAddress }, 'a login could not be decided')
  }
}
