import { isUtf8 } from 'node:buffer'
import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware } from 'ssh2'
import { AttemptFailure } from '../../domain/rotation/failure.ts'
import type { SignIn } from '../executor.ts'

/** What became of signing in, as far as the client can see. */
export type Tried = {
  /** The secret itself was put before the server. Only then does a failure mean that it was refused. */
  secretOffered: boolean
}

/**
 * Offers one secret, once, by the one method that the server takes. Asking with `none` first tells which: a guess
 * would count as a wrong password on some servers.
 */
export const signInOnce = (signIn: SignIn, tried: Tried): AuthHandlerMiddleware => {
  const offer = signIn.kind === 'password' ? passwordMethods(signIn, tried) : keyMethods(signIn, tried)
  let asked = false
  return (methodsLeft, partialSuccess, next) => {
    if (!asked) {
      asked = true
      return next({ type: 'none', username: signIn.username })
    }
    const method =
      tried.secretOffered || partialSuccess ? undefined : offer.find(({ type }) => methodsLeft.includes(type))
    // `false` is how ssh2 is told to give up; its types only know methods.
    return next(method ?? (false as unknown as AnyAuthMethod))
  }
}

const passwordMethods = ({ username, secret }: SignIn, tried: Tried): AnyAuthMethod[] => {
  if (!isUtf8(secret.bytes())) throw new AttemptFailure('unsupported', 'The password is not UTF-8')
  // ssh2 takes bytes as well, which its types do not say. They are zeroed later; a string would stay in memory.
  const password = secret.bytes() as unknown as string
  const prompt = (prompts: readonly { echo?: boolean }[]): string[] => {
    const [only] = prompts
    if (prompts.length !== 1 || only?.echo === true || tried.secretOffered) return []
    tried.secretOffered = true
    return [password]
  }
  return [
    {
      type: 'password',
      username,
      get password() {
        tried.secretOffered = true
        return password
      },
    },
    {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompt(prompts)),
    },
  ]
}

const keyMethods = ({ username, secret }: SignIn, tried: Tried): AnyAuthMethod[] => {
  const key = secret.use(bytes => ssh2.utils.parseKey(bytes))
  if (key instanceof Error || !key.isPrivateKey()) {
    throw new AttemptFailure('unsupported', 'The private key of the account cannot be read')
  }
  return [
    {
      type: 'publickey',
      username,
      get key() {
        tried.secretOffered = true
        return key
      },
    },
  ]
}
