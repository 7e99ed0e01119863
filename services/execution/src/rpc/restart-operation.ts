import { recordAudit } from '@sallyport/audit-events/record'
import {
  RestartOperationRequest,
  RestartOperationResponse,
} from '@sallyport/contracts/execution/v1/execution'
import { isUniqueViolation } from '@sallyport/database/failure'
import { sqlOf } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import { defaultMaxAttempts } from '../domain/operation/attempt-limit.ts'
import { nextState } from '../domain/operation/state.ts'
import { restart } from '../store/schedule.ts'
import type { Store } from '../store/store.ts'
import { checkVersion, existingId } from './checks.ts'
import { findOperation, operationMessage, stateOf } from './operation-message.ts'
import { write } from './write.ts'

type Deps = { store: Store }

export const restartOperation =
  ({ store }: Deps) =>
  (request: RestartOperationRequest, call: Call): Promise<RestartOperationResponse> => {
    const id = existingId(request.id, 'operation.not_found')
    return write(store, call, [request, RestartOperationRequest], RestartOperationResponse, async tx => {
      const before = await findOperation(tx, id)
      if (nextState(stateOf(before.state), 'restart') === undefined) {
        throw new SallyportError('operation.not_restartable')
      }
      checkVersion(request.version, before.version)
      await restart(sqlOf(tx), id, defaultMaxAttempts).catch(anotherOpen)
      await recordAudit(sqlOf(tx), call, 'operation.retried', {
        target: { kind: 'credential', id: before.credentialId },
        details: { operation_id: id, kind: before.type },
      })
      return { operation: operationMessage(await findOperation(tx, id)) }
    })
  }

const anotherOpen = (error: unknown): never => {
  throw isUniqueViolation(error) ? new SallyportError('operation.another_open') : error
}
