import type { Api } from '@sallyport/api-client/api'
import type { Account } from './account.ts'
import { cleanUp } from './clean-up.ts'
import type { Door } from './door.ts'
import { reveal, type Revealed } from './reveal.ts'
import { openSteps, type Step, StepFailure, type StepName, within } from './steps.ts'

export type RunDeps = {
  readonly user: Account
  readonly approver: Account
  readonly door: Door
  /** What is shown to the user in each run, if anything. */
  readonly revealed?: Revealed | undefined
  /** A word that no run had before. */
  readonly newWord: () => string
  readonly stepMs: number
  readonly onStep: (name: StepName, seconds: number) => void
}

export type Outcome =
  | { readonly succeeded: true }
  | {
      readonly succeeded: false
      readonly failure: StepFailure
      /** Why something may have been left behind; it ends with its window. */
      readonly left?: unknown
    }

/** Within which a revocation must have ended the session: what Sallyport promises. */
const endsWithinMs = 2_000

type Request = { readonly id: string; readonly version: number }

/** Does once what a user and an approver do. What it began is over afterwards, however it went. */
export const run = async (deps: RunDeps): Promise<Outcome> => {
  try {
    await visit(deps, openSteps(deps.stepMs, deps.onStep))
    return { succeeded: true }
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    const left = await cleanUp(deps.user, deps.stepMs).then(
      () => undefined,
      (problem: unknown) => problem,
    )
    return { succeeded: false, failure, ...(left !== undefined && { left }) }
  }
}

const visit = async (deps: RunDeps, step: Step): Promise<void> => {
  const approverCode = await deps.approver.nextCode()
  const approver = await step('approver-sign-in', () => deps.approver.signIn(approverCode))
  await using ending = new AsyncDisposableStack()
  ending.defer(() => signOut(approver))
  const { revealed } = deps
  if (revealed) {
    const code = await deps.user.nextCode()
    await step('reveal', () => reveal(deps.user, code, revealed))
  }
  const userCode = await deps.user.nextCode()
  const connection = ending.use(await step('sign-in', () => deps.door.connect(userCode)))
  const word = deps.newWord()
  const [session, id] = await step('request', async () => {
    // It stays until its input ends: with the connection at the latest.
    const begun = await connection.run(`echo ${word}; cat`, `Synthetic user, run ${word}`)
    const [, asked] = await begun.shows(new RegExp(`Request ([0-9a-f-]{36}) needs|^${word}`, 'm'))
    if (asked === undefined) throw new Error('The session began without an approval')
    return [begun, asked] as const
  })
  await step('approve', () => decide(approver, id, 'approve'))
  await step('session', () => session.shows(new RegExp(`^${word}`, 'm')))
  await step('revoke', () => decide(approver, id, 'revoke'))
  await step('end', () => within(endsWithinMs, session.ended))
}

/** Through the approver’s inbox, as a person would. */
const decide = async (approver: Api, id: string, verb: 'approve' | 'revoke'): Promise<void> => {
  if (verb === 'approve') {
    const { items } = await approver.get<{ items: Request[] }>('/requests?scope=to-decide&limit=200')
    if (!items.some(request => request.id === id)) throw new Error('The approver does not see the request')
  }
  const { version } = await approver.get<Request>(`/requests/${id}`)
  await approver.post(`/requests/${id}/${verb}`, { comment: 'Synthetic user' }, { ifMatch: version })
}

/** A sign-in that cannot be ended any more ends by itself. */
const signOut = (api: Api): Promise<void> => api.post<void>('/logout').catch(() => {})
