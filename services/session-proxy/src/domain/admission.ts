/** What access-control decided, as far as admission depends on it. */
export type Verdict = {
  readonly outcome: 'allowed' | 'justification' | 'approval' | 'denied'
  readonly requestId?: string
  readonly requestState?: 'pending' | 'approved'
}

export type AdmissionStep =
  | { readonly kind: 'connect' }
  | { readonly kind: 'wait'; readonly requestId: string }
  | { readonly kind: 'request'; readonly justification: string }
  | { readonly kind: 'ask-reason' }
  | { readonly kind: 'explain-reason' }
  | { readonly kind: 'refuse' }

/** The next step towards a session. `canAsk` says whether a person sits at a terminal. */
export const admissionStep = (
  verdict: Verdict,
  person: { readonly reason?: string; readonly canAsk: boolean },
): AdmissionStep => {
  if (verdict.outcome === 'denied') return { kind: 'refuse' }
  if (verdict.outcome === 'allowed' || verdict.requestState === 'approved') return { kind: 'connect' }
  if (verdict.requestId !== undefined && verdict.requestState === 'pending') {
    return { kind: 'wait', requestId: verdict.requestId }
  }
  if (person.reason !== undefined) return { kind: 'request', justification: person.reason }
  return person.canAsk ? { kind: 'ask-reason' } : { kind: 'explain-reason' }
}
