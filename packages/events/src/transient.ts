import { sqlStateOf, translateFailure } from '@sallyport/database/failure'
import type { ErrorCode } from '@sallyport/errors/codes'
import { SallyportError } from '@sallyport/errors/error'

const transientCodes: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'deadline_exceeded',
  'resource_exhausted',
  'canceled',
])

// Class 40: rolled back because of another transaction. 55P03 and 57014: a lock or the statement took too long.
const retryableState = /^(40...|55P03|57014)$/

/** Whether trying again later may help: the fault lies with the database or the network, not with the event. */
export const isTransient = (thrown: unknown): boolean => {
  const error = translateFailure(thrown)
  if (error instanceof SallyportError) return transientCodes.has(error.code)
  return (
    retryableState.test(sqlStateOf(error) ?? '') || (error instanceof Error && error.name === 'AbortError')
  )
}
