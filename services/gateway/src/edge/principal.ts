import type { ServiceName } from '@sallyport/identity/services'

/** Who is behind a request, as access-control said a moment ago. */
export type Principal = {
  readonly tenantId: string
  readonly userId: string
  readonly userName: string
  readonly permissions: readonly string[]
  /** The login session or API token that was presented. */
  readonly sessionId: string
  /** Signed statements of who is calling, one for each service that the route calls. */
  readonly callerTokens: ReadonlyMap<ServiceName, string>
}
