import { SallyportError } from '@sallyport/errors/error'
import type { Decision } from './decision.ts'
import { checkedWindow, isOpen, isWithin, secondsBetween, type Window } from './window.ts'

export type RequestState = 'pending' | 'approved' | 'disapproved' | 'canceled' | 'revoked' | 'expired'

export type Vote = { approverId: string; approved: boolean }

/** The part of a request that its rules look at. */
export type RequestFacts = {
  state: RequestState
  requesterId: string
  window: Window
  justification: string
  approvalsNeeded: number
  maxWindowSeconds: number
  votes: readonly Vote[]
}

/** Somebody who decides on or ends a request. */
export type Person = { userId: string; viaApiToken: boolean; isApprover: boolean; mayRevokeAny: boolean }

type Change = 'approve' | 'disapprove' | 'cancel' | 'revoke' | 'expire'

/**
 * Where each change leads. What is not listed is refused.
 *
 * INVARIANT: disapproved, canceled, revoked and expired are final. Levels, hours and emergency access add states
 * before "approved"; none of them may add a way back from an end.
 */
const transitions: Readonly<Record<RequestState, Readonly<Partial<Record<Change, RequestState>>>>> = {
  pending: { approve: 'approved', disapprove: 'disapproved', cancel: 'canceled', expire: 'expired' },
  approved: { cancel: 'canceled', revoke: 'revoked', expire: 'expired' },
  disapproved: {},
  canceled: {},
  revoked: {},
  expired: {},
}

const minJustification = 10
const maxJustification = 2000

/** The state of a new request: one that nobody has to approve is good at once. */
export const initialState = (approvalsNeeded: number): RequestState => {
  return approvalsNeeded > 0 ? 'pending' : 'approved'
}

/** The text if it says something: at least ten characters that are not blank. */
export const checkedJustification = (text: string, needed: boolean): string => {
  const said = text.replace(/\s/gu, '').length
  if (needed && said < minJustification) throw new SallyportError('justification.too_short')
  if (text.length > maxJustification)
    throw new SallyportError('request.invalid', 'the justification is too long')
  return text
}

/** Adds an approval. The last one that is needed makes the request good. */
export const approve = (
  request: RequestFacts,
  by: Person,
  asked: Window | undefined,
  now: Date,
): RequestFacts => {
  const end = next(request, 'approve')
  checkDecider(request, by)
  if (request.window.end <= now)
    throw new SallyportError('access_request.ended', 'the window of this request is over')
  const window = asked === undefined ? request.window : approvedWindow(request, asked, now)
  const votes = [...request.votes, { approverId: by.userId, approved: true }]
  const approvals = votes.filter(vote => vote.approved).length
  return { ...request, window, votes, state: approvals >= request.approvalsNeeded ? end : 'pending' }
}

/** One refusal is enough. */
export const disapprove = (request: RequestFacts, by: Person): RequestFacts => {
  const state = next(request, 'disapprove')
  checkDecider(request, by)
  return { ...request, state, votes: [...request.votes, { approverId: by.userId, approved: false }] }
}

export const cancel = (request: RequestFacts, by: Person): RequestFacts => {
  if (by.userId !== request.requesterId) throw new SallyportError('access_request.not_found')
  return { ...request, state: next(request, 'cancel') }
}

/** Any approver may take back what was approved, and so may who holds the permission for it. */
export const revoke = (request: RequestFacts, by: Person): RequestFacts => {
  const may = by.mayRevokeAny || (by.isApprover && by.userId !== request.requesterId)
  if (!may) throw new SallyportError('access_request.not_approver')
  return { ...request, state: next(request, 'revoke') }
}

/** Ends a request whose window is over. */
export const expire = (request: RequestFacts, now: Date): RequestFacts => {
  if (now < request.window.end) throw new SallyportError('internal', 'the window is not over')
  return { ...request, state: next(request, 'expire') }
}

/** Whether the request is enough, right now, for what the decision asks. */
export const satisfies = (request: RequestFacts, decision: Decision, now: Date): boolean => {
  if (decision.outcome === 'denied' || request.state !== 'approved') return false
  const approvals = request.votes.filter(vote => vote.approved).length
  return (
    isOpen(request.window, now) &&
    approvals >= decision.rule.approvals &&
    (!decision.rule.justification || request.justification !== '') &&
    secondsBetween(request.window.start, request.window.end) <= decision.rule.maxWindowSeconds
  )
}

const next = (request: RequestFacts, change: Change): RequestState => {
  const state = transitions[request.state][change]
  if (state === undefined) {
    throw new SallyportError('access_request.wrong_state', `the request is ${request.state}`, {
      metadata: { state: request.state },
    })
  }
  return state
}

/**
 * INVARIANT: requester and approver are two people. The comparison is by user id, so that neither another login, a
 * group, nor another spelling of the name makes somebody two people; and a program's token never decides.
 */
const checkDecider = (request: RequestFacts, by: Person): void => {
  if (by.userId === request.requesterId) throw new SallyportError('access_request.self_approval')
  if (by.viaApiToken) throw new SallyportError('access_request.person_needed')
  if (!by.isApprover) throw new SallyportError('access_request.not_approver')
  if (request.votes.some(vote => vote.approverId === by.userId))
    throw new SallyportError('access_request.already_voted')
}

/** After a first approval, later ones may only narrow the window: nobody approved more. */
const approvedWindow = (request: RequestFacts, asked: Window, now: Date): Window => {
  const window = checkedWindow(asked, request.maxWindowSeconds, now)
  const alreadyApproved = request.votes.some(vote => vote.approved)
  if (alreadyApproved && !isWithin(window, request.window)) {
    throw new SallyportError('window.invalid', 'an earlier approval was for a narrower window')
  }
  return window
}
