import type { AuditCode } from '@sallyport/audit-events/catalogue'
import type { Permission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import type { ServiceDefinition } from './definition.ts'

/**
 * How often one caller may call:
 * `login` and `secret` are scarce, `internal` is for services and unlimited.
 */
export type RateClass = 'read' | 'write' | 'login' | 'secret' | 'internal'

/** What is declared of an RPC. Without a row the server refuses to start. */
export type MethodRow = {
  /** The services that may call it, by their certificate. */
  readonly callers: readonly ServiceName[]
  /**
   * The permission that the user needs; `signed-in`: any user; `service`: no user stands behind the call.
   * What depends on the object (one's own session, say) is the handler's to check, on top of this.
   */
  readonly permission: Permission | 'signed-in' | 'service'
  readonly rate: RateClass
  /** The audit event that a successful call must have written. */
  readonly audit: AuditCode | 'none'
}

export type MethodTable<D extends ServiceDefinition> = { readonly [M in keyof D]: MethodRow }
