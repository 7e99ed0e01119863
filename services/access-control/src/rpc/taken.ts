import { isUniqueViolation } from '@sallyport/database/failure'
import { SallyportError } from '@sallyport/errors/error'
import type { Reason } from '@sallyport/errors/reasons'

/** Runs work whose only unique constraint in question is a name's. */
export const takenAs = async <R>(reason: Reason, work: () => Promise<R>): Promise<R> => {
  try {
    return await work()
  } catch (thrown) {
    throw isUniqueViolation(thrown) ? new SallyportError(reason, undefined, { cause: thrown }) : thrown
  }
}
