/** Who did it, as the trail shows it. */
export type AuditActor = {
  readonly kind: 'user' | 'service' | 'anonymous'
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly loginSessionId?: string | undefined
  readonly sourceAddress?: string | undefined
}

/** An RPC by a signed-in user; `Call` of `@sallyport/rpc` is one. */
export type CallSource = {
  /** `/sallyport.vault.v1.SecretService/Reveal`: names the service that reports. */
  readonly method: string
  readonly requestId: string
  readonly caller: {
    readonly tenantId: string
    readonly userId: string
    readonly userName: string
    readonly loginSessionId: string
    readonly sourceAddress: string
  }
  readonly audited: Set<string>
}

/** Anything else: a background job, or an RPC without a user behind it. */
export type SystemSource = {
  /** The service that reports, such as `vault`. */
  readonly service: string
  readonly tenantId: string
  /** The service itself unless given. */
  readonly actor?: AuditActor
  readonly correlationId?: string
  readonly audited?: Set<string>
}

export type AuditSource = CallSource | SystemSource

/** What an RPC without a user does on behalf of somebody whom its request names. */
export const onBehalfOf = (
  call: Omit<CallSource, 'caller'>,
  tenantId: string,
  actor?: AuditActor,
): SystemSource => ({
  service: reporterOf(call.method),
  tenantId,
  correlationId: call.requestId,
  audited: call.audited,
  ...(actor && { actor }),
})

const reporterOf = (method: string): string =>
  /^\/sallyport\.([a-z_]+)\./.exec(method)?.[1]?.replaceAll('_', '-') ?? 'unknown'

/** The source in one form. */
export const systemSourceOf = (source: AuditSource): SystemSource => {
  if (!('method' in source)) return source
  const { tenantId, userId, userName, loginSessionId, sourceAddress } = source.caller
  return onBehalfOf(source, tenantId, {
    kind: 'user',
    id: userId,
    name: userName,
    loginSessionId,
    sourceAddress,
  })
}
