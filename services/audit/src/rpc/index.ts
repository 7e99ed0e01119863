import { AuditServiceService } from '@sallyport/contracts/audit/v1/audit'
import type { Pool } from '@sallyport/database/pool'
import { type Binding, bind } from '@sallyport/rpc/handlers'
import type { ChainKeys } from '../chain-keys.ts'
import { getRecord } from './get-record.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import { methods } from './methods.ts'
import { proveRecord } from './prove-record.ts'
import { queryRecords } from './query-records.ts'
import { verifyChain } from './verify-chain.ts'

export type RpcDeps = {
  readonly pool: Pool
  readonly keys: ChainKeys
  readonly checkpointDirectory: string
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
]
