// Signs somebody in from a terminal, step by step. The questions go to standard error and the session token, alone,
// to standard output: token=$(pnpm --silent sign-in admin)
import { parseArgs } from 'node:util'
import { toString as renderQrCode } from 'qrcode'
import { type Api, ApiProblem, connectApi } from '@sallyport/api-client/api'
import { openPrompt, type Prompt } from './prompt.ts'

const help = `Usage: pnpm --silent sign-in [--api URL] [--tenant NAME] USER

Asks for whatever signing in takes (password, new password, second factor) and prints a session token for the REST API.

  --api URL       the gateway              (default: http://127.0.0.1:8080)
  --tenant NAME   the tenant               (default: default)
  --help          this text
`

type Step =
  | { step: 'password-change' | 'totp'; challenge: string }
  | { step: 'totp-enrolment'; challenge: string; uri: string }
  | { step: 'signed-in'; token: string }

const answerTo = async (
  step: Exclude<Step, { step: 'signed-in' }>,
  prompt: Prompt,
): Promise<{ newPassword: string } | { totpCode: string }> => {
  switch (step.step) {
    case 'password-change': {
      prompt.tell('The password must be changed: at least 12 characters.')
      return { newPassword: await prompt.askHidden('New password: ') }
    }
    case 'totp-enrolment': {
      prompt.tell(await renderQrCode(step.uri, { type: 'terminal', small: true }))
      prompt.tell(`Scan this with an authenticator app, or enter it by hand:\n${step.uri}`)
      return { totpCode: await prompt.ask('The code that it shows: ') }
    }
    case 'totp':
      return { totpCode: await prompt.ask('One-time code: ') }
  }
}

/** Asks until the answer is taken or the attempt is over. */
const proceed = async (
  api: Api,
  step: Exclude<Step, { step: 'signed-in' }>,
  prompt: Prompt,
): Promise<Step> => {
  const answer = await answerTo(step, prompt)
  try {
    return await api.post<Step>('/login/continue', {
      challenge: step.challenge,
      ...answer,
      transport: 'token',
    })
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem && thrown.reason === 'password.refused')) throw thrown
    // The same challenge takes a better one.
    prompt.tell(thrown.message)
    return step
  }
}

const signIn = async (url: string, tenant: string, userName: string, prompt: Prompt): Promise<string> => {
  const api = connectApi(url)
  const password = await prompt.askHidden(`Password of ${userName}: `)
  let step = await api.post<Step>('/login', { tenant, userName, password, transport: 'token' })
  while (step.step !== 'signed-in') step = await proceed(api, step, prompt)
  return step.token
}

const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { api: { type: 'string' }, tenant: { type: 'string' }, help: { type: 'boolean' } },
  })
  const [userName] = positionals
  if (values.help || positionals.length !== 1 || !userName) {
    console.error(help)
    return values.help ? 0 : 2
  }
  using prompt = openPrompt()
  console.log(
    await signIn(values.api ?? 'http://127.0.0.1:8080', values.tenant ?? 'default', userName, prompt),
  )
  return 0
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (thrown) {
  const unreachable = thrown instanceof TypeError ? 'Nobody answers there; is Sallyport running?' : undefined
  console.error(thrown instanceof ApiProblem ? thrown.message : (unreachable ?? thrown))
  process.exitCode = 1
}
