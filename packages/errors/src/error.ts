import type { ErrorCode } from './codes.ts'
import { isReason, type Reason, reasons } from './reasons.ts'

type Options = {
  /** Safe to show to the caller. Never secret material. */
  readonly metadata?: Readonly<Record<string, string>>
  /** For the log only; it never crosses a process boundary. */
  readonly cause?: unknown
}

/**
 * The one error class. Its message is safe to show to the caller; what must not be shown belongs in `cause`.
 * It crosses gRPC as google.rpc.Status with ErrorInfo, and HTTP as RFC 9457 problem details.
 */
export class SallyportError extends Error {
  override readonly name = 'SallyportError'
  readonly reason: Reason
  readonly metadata: Readonly<Record<string, string>>

  constructor(reason: Reason, message?: string, options: Options = {}) {
    super(message ?? reasons[reason].title, 'cause' in options ? { cause: options.cause } : undefined)
    this.reason = reason
    this.metadata = options.metadata ?? {}
  }

  get code(): ErrorCode {
    return reasons[this.reason].code
  }

  /** Wraps whatever was thrown. Anything unexpected becomes `internal`, and keeps its cause for the log. */
  static from(thrown: unknown): SallyportError {
    if (thrown instanceof SallyportError) return thrown
    return new SallyportError('internal', undefined, { cause: thrown })
  }

  /** Rebuilds an error that another service sent. A reason that this version does not know becomes `internal`. */
  static fromWire(
    reason: string,
    message: string,
    metadata: Readonly<Record<string, string>>,
  ): SallyportError {
    return isReason(reason)
      ? new SallyportError(reason, message, { metadata })
      : new SallyportError('internal', undefined, { cause: new Error(`${reason}: ${message}`) })
  }
}

export const isReasonError = (thrown: unknown, reason: Reason): thrown is SallyportError =>
  thrown instanceof SallyportError && thrown.reason === reason
