import type { ServiceError } from '@grpc/grpc-js'
import { fromStatus } from '@sallyport/rpc/wire-error'

/** Why a call was refused, or `done`. */
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'done'
  } catch (thrown) {
    return thrown instanceof Error && 'reason' in thrown ? String(thrown.reason) : String(thrown)
  }
}

export const reasonOf = (failure: ServiceError): string => fromStatus(failure).reason
