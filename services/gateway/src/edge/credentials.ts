import type { IncomingHttpHeaders } from 'node:http'
import { SallyportError } from '@sallyport/errors/error'

/** The `__Host-` prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis). */
export const sessionCookie = '__Host-sallyport'

/** What a client presented to say who it is. */
export type Presented = { readonly token: string; readonly by: 'header' | 'cookie' }

/** Login session tokens and API tokens look like this; anything else is not worth asking access-control about. */
const tokenForm = /^[A-Za-z0-9_-]{32,256}$/

/**
 * Finds the token: an Authorization header says more than a cookie, which browsers add by themselves.
 * @throws SallyportError `caller.unauthenticated`
 */
export const presentedToken = (
  headers: IncomingHttpHeaders,
  cookies: Readonly<Record<string, string | undefined>>,
): Presented => {
  const { authorization } = headers
  const token = authorization === undefined ? cookies[sessionCookie] : bearerOf(authorization)
  if (token === undefined || !tokenForm.test(token)) throw new SallyportError('caller.unauthenticated')
  return { token, by: authorization === undefined ? 'cookie' : 'header' }
}

const bearerOf = (authorization: string): string | undefined => /^Bearer ([^\s]+)$/i.exec(authorization)?.[1]
