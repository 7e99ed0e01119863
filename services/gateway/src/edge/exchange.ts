import type { ServiceName } from '@sallyport/identity/services'
import type { RequestOptions } from '@sallyport/rpc/client'
import type { Principal } from './principal.ts'

/** What an endpoint may know and do besides its validated input. */
export type Exchange = {
  /** Throws on a route that needs no sign-in. */
  readonly principal: Principal
  /** The version in If-Match; 0 on routes without one, and for `If-None-Match: *`. */
  readonly version: number
  /** Options of a call to a service, in the name of the caller. */
  readonly to: (service: ServiceName) => RequestOptions
  /** Options of a call that nobody signed in stands behind. */
  readonly anonymously: RequestOptions
  /** Options of a long stream: it has no deadline, and ends with the client or the caller's rights. */
  readonly streamFrom: (service: ServiceName) => RequestOptions
  readonly sourceAddress: string
  /** The browser's session cookie. */
  readonly cookie: {
    readonly set: (sessionToken: string, expiresAt: Date) => void
    readonly clear: () => void
  }
}
