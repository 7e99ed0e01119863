import type { Socket } from 'node:net'
import { type Egress, ForbiddenTarget } from '@sallyport/egress/egress'
import { AttemptFailure } from '../../domain/rotation/failure.ts'

type Options = { port: number; timeoutMs: number; egress: Egress; signal: AbortSignal }

/** A TCP connection to a target. Throws AttemptFailure. */
export const openSocket = async (host: string, { egress, ...options }: Options): Promise<Socket> => {
  try {
    return await egress.connect({ ...options, host })
  } catch (cause) {
    if (options.signal.aborted) throw new AttemptFailure('interrupted')
    const failure = cause instanceof ForbiddenTarget ? 'target_forbidden' : 'unreachable'
    throw new AttemptFailure(failure, undefined, { cause })
  }
}
