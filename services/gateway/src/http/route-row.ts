import type { Permission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'

export type RateClass = 'read' | 'write' | 'login' | 'secret'

/** What must be known of a route before it may exist. */
export type RouteRow = {
  /** Method and path; `:id` and its like are parameters. */
  readonly url: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`
  /** The services that it calls as the caller: it gets a caller token for each of these, and for no other. */
  readonly to: readonly ServiceName[]
  /** Told in the documentation. The service that owns the object decides; the gateway never does. */
  readonly needs: 'nothing' | 'sign-in' | Permission
  readonly rate: RateClass
  /** It takes access away: it goes on when other requests are turned away. */
  readonly urgent?: true
  /** It needs the object's version in If-Match; `or-none`: or `If-None-Match: *` to make a new one. */
  readonly ifMatch?: true | 'or-none'
}
