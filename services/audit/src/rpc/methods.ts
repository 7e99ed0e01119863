import type { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import type { ForwardingServiceService } from '@sallyport/contracts/audit/v1/forwarding'
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

const manage = {
  callers: ['gateway'],
  permission: 'audit-destination.manage',
  rate: 'write',
} as const satisfies Partial<MethodRow>

/** Who may say where the trail goes. Whoever may read it may see that. */
export const forwardingMethods: MethodTable<ForwardingServiceService> = {
  createDestination: { ...manage, audit: 'audit_destination.created' },
  getDestination: { ...read, audit: 'none' },
  listDestinations: { ...read, audit: 'none' },
  updateDestination: { ...manage, audit: 'audit_destination.updated' },
  deleteDestination: { ...manage, audit: 'audit_destination.deleted' },
  replayDestination: { ...manage, audit: 'audit_destination.replayed' },
}
