import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'
import { type CryptoKey, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { KeyFinder, KeyPurpose } from './verification-keys.ts'

/** A private key with the id under which its public half is published. */
export type SigningKey = { readonly id: string; readonly privateKey: CryptoKey }

type SignOptions = {
  readonly type: string
  readonly audience: string
  readonly key: SigningKey
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** Signs claims as a JWT (RFC 7519) with EdDSA (RFC 8037), explicitly typed (RFC 8725, section 3.11). */
export const signStatement = (claims: JWTPayload, options: SignOptions): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: options.key.id, typ: options.type })
    .setIssuer('access-control')
    .setAudience(options.audience)
    .setIssuedAt(seconds(options.issuedAt))
    .setNotBefore(seconds(options.issuedAt))
    .setExpirationTime(seconds(options.expiresAt))
    .sign(options.key.privateKey)

type VerifyOptions = {
  readonly type: string
  readonly purpose: KeyPurpose
  readonly audience: string
  readonly keys: KeyFinder
  readonly now: Date
  /** The reason of the refusal. */
  readonly reason: Reason
}

/** Two hosts of one installation may disagree by this much. */
const clockToleranceSeconds = 5

/** Verifies a statement's signature, type, issuer, audience and time. Anything else than a good one is refused. */
export const verifyStatement = async (statement: string, options: VerifyOptions): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(statement, ({ kid }) => options.keys(options.purpose, kid ?? ''), {
      algorithms: ['EdDSA'],
      typ: options.type,
      issuer: 'access-control',
      audience: options.audience,
      currentDate: options.now,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp', 'nbf', 'iat'],
    })
    return payload
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError || thrown instanceof TypeError) {
      throw new SallyportError(options.reason, undefined, { cause: thrown })
    }
    throw thrown
  }
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
