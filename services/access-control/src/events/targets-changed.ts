import { TargetsChanged } from '@sallyport/contracts/events/v1/domain'
import { isUuid, uuidV7 } from '@sallyport/database/uuid-v7'
import type { EventRecord } from '@sallyport/events/event-record'
import type { Clock } from '../domain/clock.ts'
import type { Tx } from '../store/store.ts'

/**
 * Notes which target changed. Its grants are decided again right after, outside this transaction: that takes a look at
 * the vault, and nobody waits for a network with a transaction open.
 */
export const targetsChanged =
  (clock: Clock) =>
  async (event: EventRecord, tx: Tx): Promise<void> => {
    const { credentialId, deviceId } = TargetsChanged.decode(event.payload)
    await tx.targetChange.create({
      data: {
        id: uuidV7(),
        tenantId: event.tenantId,
        credentialId: isUuid(credentialId) ? credentialId : null,
        deviceId: isUuid(deviceId) ? deviceId : null,
        notedAt: clock.now(),
      },
    })
  }
