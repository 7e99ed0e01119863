import { SallyportError } from '@sallyport/errors/error'
import { z } from 'zod'
import { isPermission, type Permission } from './permissions.ts'
import type { ServiceName } from './services.ts'
import { type SigningKey, signStatement, verifyStatement } from './statement.ts'
import type { KeyFinder } from './verification-keys.ts'

/** Who is calling: a person, or a program with an API token of a person. */
export type Caller = {
  readonly tenantId: string
  readonly userId: string
  readonly userName: string
  readonly permissions: ReadonlySet<Permission>
  /** The login session or API token that stands behind this. */
  readonly loginSessionId: string
  readonly kind: 'person' | 'api-token'
  readonly strength: 'password' | 'mfa'
  readonly sourceAddress: string
}

/** A caller token is good for this long. What must end sooner ends by revocation. */
export const callerTokenSeconds = 60

const type = 'sallyport-caller+jwt'

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
  sub: z.uuid(),
  tid: z.uuid(),
  name: z.string(),
  perms: z.array(z.string()),
  sid: z.uuid(),
  kind: z.enum(['person', 'api-token']),
  acr: z.enum(['password', 'mfa']),
  src: z.string(),
})

/** Signs a caller token for one audience. */
export const signCallerToken = (
  caller: Caller,
  options: { audience: ServiceName; key: SigningKey; now: Date },
): Promise<string> =>
  signStatement(
    {
      sub: caller.userId,
      tid: caller.tenantId,
      name: caller.userName,
      perms: [...caller.permissions],
      sid: caller.loginSessionId,
      kind: caller.kind,
      acr: caller.strength,
      src: caller.sourceAddress,
    },
    {
      type,
      audience: options.audience,
      key: options.key,
      issuedAt: options.now,
      expiresAt: new Date(options.now.getTime() + callerTokenSeconds * 1000),
    },
  )

/**
 * Verifies a caller token.
 * @throws SallyportError `caller.token_invalid` for anything that is not a good token for this audience now.
 */
export const verifyCallerToken = async (
  token: string,
  options: { audience: ServiceName; keys: KeyFinder; now: Date },
): Promise<Caller> => {
  const payload = await verifyStatement(token, {
    ...options,
    type,
    purpose: 'caller-token',
    reason: 'caller.token_invalid',
  })
  const parsed = claims.safeParse(payload)
  if (!parsed.success) throw new SallyportError('caller.token_invalid', undefined, { cause: parsed.error })
  const { data } = parsed
  return {
    tenantId: data.tid,
    userId: data.sub,
    userName: data.name,
    // A permission that this version does not know gives nothing here; an older service ignores it.
    permissions: new Set(data.perms.filter(isPermission)),
    loginSessionId: data.sid,
    kind: data.kind,
    strength: data.acr,
    sourceAddress: data.src,
  }
}
