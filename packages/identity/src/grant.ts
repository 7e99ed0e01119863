import { SallyportError } from '@sallyport/errors/error'
import { z } from 'zod'
import { type SigningKey, signStatement, verifyStatement } from './statement.ts'
import type { KeyFinder } from './verification-keys.ts'

export type GrantAction = 'view' | 'session' | 'rotate'

/**
 * A grant: access-control's statement that one subject may do one action with one credential on one device, once.
 * INVARIANT: vault turns a ciphertext into a secret only against one of these, and consumes its nonce.
 */
export type GrantClaims = {
  readonly grantId: string
  readonly tenantId: string
  readonly subject: { readonly kind: 'user' | 'operation'; readonly id: string; readonly name: string }
  readonly credentialId: string
  readonly deviceId: string
  readonly action: GrantAction
  readonly requestId?: string
  readonly loginSessionId?: string
  readonly sourceAddress?: string
  /** When it may be redeemed. */
  readonly notBefore: Date
  readonly expiresAt: Date
  /** When everything that it gave must end. */
  readonly endsAt: Date
  readonly nonce: string
}

/** How long a grant may wait to be redeemed at vault. */
export const grantRedeemSeconds = 60

const type = 'sallyport-grant+jwt'

const claimsSchema = z.strictObject({
  iss: z.string(),
  aud: z.literal('vault'),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
  jti: z.string().min(16),
  gid: z.uuid(),
  tid: z.uuid(),
  sub: z.uuid(),
  kind: z.enum(['user', 'operation']),
  name: z.string(),
  cid: z.uuid(),
  did: z.uuid(),
  act: z.enum(['view', 'session', 'rotate']),
  rid: z.uuid().optional(),
  sid: z.uuid().optional(),
  src: z.string().optional(),
  end: z.number(),
})

/** Signs a grant for vault. `notBefore` and `expiresAt` are kept in whole seconds. */
export const signGrant = (claims: GrantClaims, key: SigningKey): Promise<string> =>
  signStatement(
    {
      jti: claims.nonce,
      gid: claims.grantId,
      tid: claims.tenantId,
      sub: claims.subject.id,
      kind: claims.subject.kind,
      name: claims.subject.name,
      cid: claims.credentialId,
      did: claims.deviceId,
      act: claims.action,
      ...(claims.requestId && { rid: claims.requestId }),
      ...(claims.loginSessionId && { sid: claims.loginSessionId }),
      ...(claims.sourceAddress && { src: claims.sourceAddress }),
      end: claims.endsAt.getTime(),
    },
    { type, audience: 'vault', key, issuedAt: claims.notBefore, expiresAt: claims.expiresAt },
  )

/**
 * Verifies a grant's signature, audience and time. Whether its nonce is unused is vault's to know.
 * @throws SallyportError `grant.invalid`
 */
export const verifyGrant = async (
  statement: string,
  options: { keys: KeyFinder; now: Date },
): Promise<GrantClaims> => {
  const payload = await verifyStatement(statement, {
    ...options,
    audience: 'vault',
    type,
    purpose: 'grant',
    reason: 'grant.invalid',
  })
  const parsed = claimsSchema.safeParse(payload)
  if (!parsed.success) throw new SallyportError('grant.invalid', undefined, { cause: parsed.error })
  const { data } = parsed
  return {
    grantId: data.gid,
    tenantId: data.tid,
    subject: { kind: data.kind, id: data.sub, name: data.name },
    credentialId: data.cid,
    deviceId: data.did,
    action: data.act,
    ...(data.rid && { requestId: data.rid }),
    ...(data.sid && { loginSessionId: data.sid }),
    ...(data.src && { sourceAddress: data.src }),
    notBefore: new Date(data.nbf * 1000),
    expiresAt: new Date(data.exp * 1000),
    endsAt: new Date(data.end),
    nonce: data.jti,
  }
}
