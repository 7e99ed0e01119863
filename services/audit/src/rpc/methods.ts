import type { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import type { MethodRow, MethodTable } from '@sallyport/rpc/methods'

const read: MethodRow = {
  callers: ['gateway'],
  permission: 'audit.read',
  rate: 'read',
  audit: 'audit.queried',
}

/** Who may ask for what. Reading the trail is in the trail. */
export const methods: MethodTable<AuditServiceService> = {
  queryRecords: read,
  getRecord: read,
  proveRecord: { ...read, audit: 'audit.proved' },
  listCheckpoints: { ...read, audit: 'audit.checkpoints_listed' },
  // It walks the whole chain, so it is rationed like what is scarce.
  verifyChain: { ...read, rate: 'secret', audit: 'audit.verified' },
}
