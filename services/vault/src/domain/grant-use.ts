import { SallyportError } from '@sallyport/errors/error'

/** What a verified grant states, as far as its use depends on it. */
export type GrantFacts = {
  tenantId: string
  subject: { kind: 'user' | 'operation'; id: string }
  action: 'view' | 'session' | 'rotate'
  loginSessionId?: string
  notBefore: Date
  expiresAt: Date
  endsAt: Date
}

/** Who uses it, and for what. */
export type GrantUse =
  | { action: 'session' }
  | { action: 'view'; tenantId: string; userId: string; loginSessionId: string | undefined }
  | { action: 'rotate'; operationId: string }

/**
 * Throws `grant.invalid` unless the grant states exactly this use, now.
 * A grant for one action is never good for another, however similar: viewing is not connecting.
 */
export const checkGrantUse = (grant: GrantFacts, use: GrantUse, now: Date): void => {
  if (grant.action !== use.action || !fits(grant, use)) throw new SallyportError('grant.invalid')
  if (now > grant.expiresAt || now >= grant.endsAt) throw new SallyportError('grant.invalid')
}

const fits = (grant: GrantFacts, use: GrantUse): boolean => {
  const { kind, id } = grant.subject
  if (use.action === 'rotate') return kind === 'operation' && id === use.operationId
  if (use.action === 'session') return kind === 'user'
  const sameLogin = grant.loginSessionId === undefined || grant.loginSessionId === use.loginSessionId
  return kind === 'user' && id === use.userId && grant.tenantId === use.tenantId && sameLogin
}
