import { setTimeout as sleep } from 'node:timers/promises'
import { isReasonError, SallyportError } from '@sallyport/errors/error'
import type { Access, AccessRequest, Resolved, Target } from '../clients/access.ts'
import { admissionStep } from '../domain/admission.ts'
import { REASON_VARIABLE } from '../domain/environment.ts'
import { formatTarget, type TargetName } from '../domain/login-name.ts'
import { safeText } from '../domain/safe-text.ts'
import type { Conversation } from './conversation.ts'

export type AdmissionDeps = {
  readonly access: Pick<Access, 'resolve' | 'createRequest' | 'watchRequest'>
  /** A fresh caller token. */
  readonly token: () => Promise<string>
}

const MAX_REASON_CHARACTERS = 500
const MAX_STEPS = 5
const WATCH_AGAIN_MILLISECONDS = 500

/**
 * Leads a person to a target that they may use now: asks for a reason, makes the request, waits for its approval.
 * Throws `session.refused` with what to tell them.
 */
export const admit = async (deps: AdmissionDeps, name: TargetName, talk: Conversation): Promise<Target> => {
  let reason = talk.reason
  for (let taken = 0; taken < MAX_STEPS; taken += 1) {
    const resolved = await resolve(deps, name)
    const { target, verdict } = resolved
    const step = admissionStep(verdict, { canAsk: talk.canAsk, ...(reason !== undefined && { reason }) })
    switch (step.kind) {
      case 'connect':
        return target
      case 'refuse':
        throw refused(denial(resolved))
      case 'explain-reason':
        throw refused(explainReason(target))
      case 'ask-reason':
        reason = await askReason(talk, target)
        break
      case 'request':
        await requestAccess(deps, target, step.justification, talk)
        break
      case 'wait':
        await wait(deps, step.requestId, talk)
    }
  }
  throw refused('The access rules keep changing; try again.')
}

const resolve = async ({ access, token }: AdmissionDeps, name: TargetName): Promise<Resolved> => {
  try {
    return await access.resolve(await token(), name)
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'not_found') {
      throw refused(`There is no ${formatTarget(name)} that you may use.`)
    }
    throw error
  }
}

const denial = ({ target, reasons }: Resolved): string =>
  [`You may not use ${target.name}.`, ...reasons.map(reason => `  ${safeText(reason)}`)].join('\n')

const explainReason = (target: Target): string =>
  [
    `A reason is needed to use ${target.name}. Give it with the command:`,
    // ssh splits at spaces what its own quotes do not hold together.
    `  ssh -o 'SetEnv=${REASON_VARIABLE}="why you need it"' …`,
  ].join('\n')

const askReason = async (talk: Conversation, target: Target): Promise<string> => {
  for (;;) {
    const answer = await talk.ask(`Why do you need ${target.name}? `)
    if (answer === undefined) throw refused('No reason was given, so there is no session.')
    if (answer.trim() !== '') return safeText(answer, MAX_REASON_CHARACTERS)
  }
}

const requestAccess = async (
  deps: AdmissionDeps,
  target: Target,
  justification: string,
  talk: Conversation,
): Promise<void> => {
  const request = await createRequest(deps, target, justification, talk)
  if (request.state === 'pending') await wait(deps, request.id, talk)
  else checkDecision(request)
}

/** Whoever is there and gave too short a reason is asked for another one. */
const createRequest = async (
  deps: AdmissionDeps,
  target: Target,
  justification: string,
  talk: Conversation,
): Promise<AccessRequest> => {
  for (let reason = justification; ; reason = await askReason(talk, target)) {
    try {
      const given = safeText(reason, MAX_REASON_CHARACTERS)
      return await deps.access.createRequest(await deps.token(), target, given)
    } catch (error) {
      if (!talk.canAsk || !isReasonError(error, 'justification.too_short')) throw error
      await talk.say(`${SallyportError.from(error).message}.`)
    }
  }
}

/** Returns when the request was approved. */
const wait = async (deps: AdmissionDeps, requestId: string, talk: Conversation): Promise<void> => {
  let told = false
  const decided = await talk
    .interruptible(async interrupted => {
      while (!interrupted.aborted) {
        const token = await deps.token()
        for await (const request of deps.access.watchRequest(token, requestId, interrupted)) {
          if (request.state !== 'pending') return request
          if (!told) await talk.say(invitation(request))
          told = true
        }
        await sleep(WATCH_AGAIN_MILLISECONDS, undefined, { signal: interrupted }).catch(() => undefined)
      }
      throw new SallyportError('request.canceled')
    })
    .catch((error: unknown) => {
      if (!(error instanceof SallyportError) || error.code !== 'canceled') throw error
      throw refused(`Request ${requestId} stays pending. Connect again when it has been approved.`)
    })
  checkDecision(decided)
}

const invitation = (request: AccessRequest): string => {
  const missing = Math.max(1, request.approvalsNeeded - request.approvals)
  const who = request.approverNames.map(name => safeText(name, 60)).join(', ') || 'an approver'
  return [
    `Request ${request.id} needs ${missing} approval${missing === 1 ? '' : 's'}. It can be given by: ${who}.`,
    'You may wait here and will be let in. Ctrl-C leaves the request pending.',
  ].join('\n')
}

const checkDecision = (request: AccessRequest): void => {
  if (request.state === 'approved') return
  const comment = safeText(request.comment)
  throw refused(`Request ${request.id} was ${request.state}${comment === '' ? '.' : `: ${comment}`}`)
}

const refused = (message: string): SallyportError => new SallyportError('session.refused', message)
