import type { KeyboardAuthContext } from 'ssh2'
import type { Authentication, LoginStep, Person, SignedIn } from '../../clients/authentication.ts'
import { askByKeyboard, PromptAbandoned } from './prompts.ts'

type Deps = {
  readonly authentication: Authentication
  readonly onFirstFactor: () => void
}

const TITLE = 'Sallyport'
const MAX_STEPS = 5

/** Asks for the password, the first factor. */
export const askPassword = async (
  deps: Deps,
  person: Person,
  context: KeyboardAuthContext,
): Promise<LoginStep> => {
  const [password = ''] = await askByKeyboard(context, TITLE, '', [{ prompt: 'Password: ', echo: false }])
  const bytes = Buffer.from(password)
  try {
    return await deps.authentication.withPassword(person, bytes)
  } finally {
    bytes.fill(0)
  }
}

/** Leads from a first factor to a login, step by step as access-control asks. Throws if one is refused. */
export const completeLogin = async (
  { authentication, onFirstFactor }: Deps,
  person: Person,
  context: KeyboardAuthContext,
  first: LoginStep,
  givenCode: string | undefined,
): Promise<SignedIn> => {
  const { sourceAddress } = person
  let step = first
  let code = givenCode
  for (let taken = 0; taken < MAX_STEPS; taken += 1) {
    onFirstFactor()
    switch (step.kind) {
      case 'signed-in':
        return step.login
      case 'totp':
        code ??= await askCode(context, '')
        step = await authentication.answerCode(step.challenge, code, sourceAddress)
        break
      case 'totp-enrolment':
        code = await askCode(context, enrolment(step.uri))
        step = await authentication.answerCode(step.challenge, code, sourceAddress)
        break
      case 'password-change': {
        const chosen = await askNewPassword(context)
        step = await authentication
          .answerNewPassword(step.challenge, chosen, sourceAddress)
          .finally(() => chosen.fill(0))
      }
    }
    code = undefined
  }
  throw new PromptAbandoned('there is no end to the steps')
}

const askCode = async (context: KeyboardAuthContext, text: string): Promise<string> => {
  const [code = ''] = await askByKeyboard(context, TITLE, text, [{ prompt: 'One-time code: ', echo: true }])
  return code.trim()
}

const enrolment = (uri: string): string =>
  [
    'Your account needs a second factor. Add this to your authenticator app:',
    `  ${uri}`,
    'and enter the code that it shows.',
  ].join('\n')

const NEW_PASSWORD_TRIES = 3

const askNewPassword = async (context: KeyboardAuthContext): Promise<Buffer> => {
  let text = 'You must choose a new password.'
  for (let tries = 0; tries < NEW_PASSWORD_TRIES; tries += 1) {
    const [first = '', second] = await askByKeyboard(context, TITLE, text, [
      { prompt: 'New password: ', echo: false },
      { prompt: 'New password again: ', echo: false },
    ])
    if (first !== '' && first === second) return Buffer.from(first)
    text = 'The two were not the same.'
  }
  throw new PromptAbandoned('no new password was chosen')
}
