/** Why an attempt failed, as a stable code on the attempt. */
export const failureCodes = {
  authentication_failed: { title: 'The target refused to let the account sign in', retry: false },
  unreachable: { title: 'The target could not be reached', retry: true },
  target_forbidden: {
    title: 'The address of the target is one that must not be connected to',
    retry: false,
  },
  host_key_mismatch: { title: 'The target showed another host key than the pinned ones', retry: false },
  host_key_not_pinned: { title: 'The device has no pinned host key for this port', retry: false },
  timeout: { title: 'The target did not answer in time', retry: true },
  command_failed: { title: 'The command on the target failed', retry: true },
  unexpected_output: { title: 'The target printed what the template does not allow', retry: true },
  connection_lost: { title: 'The connection to the target was lost', retry: true },
  value_not_allowed: { title: 'A value cannot stand where the template puts it', retry: false },
  unsupported: { title: 'This cannot be done for this kind of secret or account', retry: false },
  not_proved: { title: 'The target accepts the old and the new secret', retry: true },
  neither_works: { title: 'The target accepts neither the old nor the new secret', retry: false },
  not_changed: { title: 'The target still has the old secret', retry: true },
  not_granted: { title: 'The change was not granted', retry: false },
  other_rotation: { title: 'Another operation is changing this credential, and has not ended', retry: true },
  given_up: { title: 'The candidate of this operation was given up', retry: false },
  dependency: { title: 'Another service could not be reached', retry: true },
  lease_lost: { title: 'Another worker took over', retry: false },
  interrupted: { title: 'The worker stopped in the middle', retry: true },
  internal: { title: 'Internal error', retry: true },
} as const satisfies Record<string, { title: string; retry: boolean }>

export type FailureCode = keyof typeof failureCodes

/** A failure of an attempt. `detail` is safe to show; it never contains a value of a tag. */
export class AttemptFailure extends Error {
  readonly failure: FailureCode
  /** The fingerprint of the key that a target showed, if it is not a pinned one. */
  readonly hostKey: string | undefined

  constructor(failure: FailureCode, detail?: string, options: ErrorOptions & { hostKey?: string } = {}) {
    super(detail ?? failureCodes[failure].title, options)
    this.failure = failure
    this.hostKey = options.hostKey
  }
}

/** Failures that are no fault of the target, and use up no attempt. */
export const isOurs = (failure: FailureCode): boolean => failure === 'dependency' || failure === 'interrupted'

/**
 * Whether asking the target again later may resolve an unknown outcome. An account that accepts neither secret is left
 * alone: each time would be two more wrong passwords.
 */
export const mayResolveLater = (failure: FailureCode): boolean =>
  mayRetry(failure) && failure !== 'not_proved'

export const mayRetry = (failure: FailureCode): boolean => failureCodes[failure].retry
