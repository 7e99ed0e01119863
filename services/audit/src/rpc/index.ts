import { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import { ForwardingServiceService } from '@sallyport/contracts/audit/v1/forwarding'
import type { Pool } from '@sallyport/database/pool'
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { ChainKeys } from '../chain-keys.ts'
import { createDestination } from './create-destination.ts'
import { deleteDestination } from './delete-destination.ts'
import { getDestination } from './get-destination.ts'
import { getRecord } from './get-record.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import { listDestinations } from './list-destinations.ts'
import { forwardingMethods, methods } from './methods.ts'
import { proveRecord } from './prove-record.ts'
import { queryRecords } from './query-records.ts'
import { replayDestination } from './replay-destination.ts'
import { updateDestination } from './update-destination.ts'
import { verifyChain } from './verify-chain.ts'

export type RpcDeps = {
  readonly pool: Pool
  readonly keys: ChainKeys
  readonly checkpointDirectory: string
  readonly clock: { readonly now: () => Date }
}

/** Every RPC of this service. */
export const bindings = (deps: RpcDeps): readonly Binding[] => [
  bind(AuditServiceService, methods, {
    queryRecords: queryRecords(deps),
    getRecord: getRecord(deps),
    proveRecord: proveRecord(deps),
    listCheckpoints: listCheckpoints(deps),
    verifyChain: verifyChain(deps),
  }),
  bind(ForwardingServiceService, forwardingMethods, {
    createDestination: createDestination(deps),
    getDestination: getDestination(deps),
    listDestinations: listDestinations(deps),
    updateDestination: updateDestination(deps),
    deleteDestination: deleteDestination(deps),
    replayDestination: replayDestination(deps),
  }),
]
