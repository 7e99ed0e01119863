import { SallyportError } from '@sallyport/errors/error'
import type { Caller } from '@sallyport/identity/caller-token'
import type { ServiceName } from '@sallyport/identity/services'
import type { Logger } from '@sallyport/telemetry/logger'

/** What a handler knows about the call that it answers. */
export type Call = {
  /** The full method name, `/package.Service/Method`. */
  readonly method: string
  /** The service at the other end, by its certificate. */
  readonly service: ServiceName
  /** The user behind the call. Reading it on a method for services only is a bug, and throws. */
  readonly caller: Caller
  /** Its proof, as it came: for another replica of this service, and good for nobody else. */
  readonly callerToken: string | undefined
  readonly requestId: string
  /** The client's Idempotency-Key, if it gave one. */
  readonly idempotencyKey: string | undefined
  /** Aborted when the caller goes away or its deadline is over. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** The audit events that this call has written; checked against its row when it succeeds. */
  readonly audited: Set<string>
}

type Parts = Omit<Call, 'caller' | 'audited'> & { readonly caller: Caller | undefined }

export const createCall = ({ caller, ...parts }: Parts): Call => ({
  ...parts,
  audited: new Set(),
  get caller(): Caller {
    if (caller) return caller
    throw new SallyportError('internal', undefined, { cause: new Error(`${parts.method} has no caller`) })
  },
})
