import type {
  WatchRevocationsRequest,
  WatchRevocationsResponse,
} from '@sallyport/contracts/access_control/v1/access'
import type { Call } from '@sallyport/rpc/call'
import type { Deps } from '../deps.ts'
import { channels } from '../grants/notify.ts'
import { createBell } from '../grants/wake.ts'
import { lastPosition, revocationBatch, revocationsAfter } from '../store/revocations.ts'

const heartbeatMs = 1_000

/**
 * Sends every revoked grant after a position, in order, and at least once a second where it stands. An enforcer that
 * hears nothing for longer knows that it has lost the stream.
 */
export const watchRevocations = ({
  workerPool,
  notifications,
  stopping,
}: Pick<Deps, 'workerPool' | 'notifications' | 'stopping'>) =>
  async function* (request: WatchRevocationsRequest, call: Call): AsyncGenerator<WatchRevocationsResponse> {
    const signal = AbortSignal.any([call.signal, stopping])
    using bell = createBell(notifications, channels.revocations)
    let position = request.afterPosition > 0n ? request.afterPosition : await lastPosition(workerPool)
    for (; !signal.aborted; await bell.wait(heartbeatMs, signal)) {
      let batch: Awaited<ReturnType<typeof revocationsAfter>>
      do {
        batch = await revocationsAfter(workerPool, position)
        for (const { position: next, ...revocation } of batch) {
          position = next
          yield { revocation, position }
        }
      } while (batch.length === revocationBatch)
      yield { revocation: undefined, position }
    }
  }
