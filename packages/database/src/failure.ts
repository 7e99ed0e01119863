import { SallyportError } from '@sallyport/errors/error'

/**
 * SQLSTATE classes 08 (connection), 53 (resources), 57P (operator intervention) and 58 (its disk): the server cannot serve
 * now. 25006: it is a standby, as after a failover. 25P03 and 25P04: it ended a transaction in which nothing was asked for
 * too long, as when this process stood still.
 */
const unavailableStates = /^(08|53|57P|58|25006|25P0[34])/

/** Prisma: there is no connection (P10..), the pool is exhausted (P2024), the transaction is lost (P2028). */
const unavailablePrismaCodes = /^(P10..|P2024|P2028)$/

/** The network's, and those of looking up where the server is. */
const networkCodes = [
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]

/** Turns the failure of the database itself into `service.unavailable`; everything else stays what it is. */
export const translateFailure = (thrown: unknown): unknown => {
  if (thrown instanceof SallyportError || !(thrown instanceof Error)) return thrown
  return isUnavailable(thrown)
    ? new SallyportError('service.unavailable', undefined, { cause: thrown })
    : thrown
}

/** A query outside of the transactions of this package, which fails as they do. */
export const asQuery = async <R>(query: PromiseLike<R>): Promise<R> => {
  try {
    return await query
  } catch (thrown) {
    throw translateFailure(thrown)
  }
}

/** What Prisma's adapter calls the same, inside of whatever it throws. */
const unavailableKinds = new Set([
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TooManyConnections',
])

/** `pg` has no codes for these, and Prisma quotes them in messages of its own. */
const unavailableMessages = new RegExp(
  `Connection terminated|not queryable|timeout exceeded when trying to connect|Can't reach database server|closed the connection|\\b(${networkCodes.join('|')})\\b`,
)

const isUnavailable = (error: Error): boolean => causesOf(error).some(isUnavailableItself)

const isUnavailableItself = (error: object): boolean => {
  const code = textOf(error, 'code')
  return (
    unavailableStates.test(sqlStateOf(error) ?? code) ||
    unavailablePrismaCodes.test(code) ||
    networkCodes.includes(code) ||
    unavailableKinds.has(textOf(error, 'kind')) ||
    unavailableMessages.test(textOf(error, 'message'))
  )
}

/** The error and what is behind it: Prisma hides the cause in its metadata. */
const causesOf = (error: object, depth = 5): object[] => {
  const behind = [pick(error, 'cause'), pick(pick(error, 'meta'), 'driverAdapterError')]
  const found = behind.filter(cause => typeof cause === 'object' && cause !== null)
  return [error, ...(depth > 0 ? found.flatMap(cause => causesOf(cause, depth - 1)) : [])]
}

const textOf = (value: object, key: string): string => {
  const text = pick(value, key)
  return typeof text === 'string' ? text : ''
}

/** The SQLSTATE of an error of `pg`, or of one that Prisma wraps. */
export const sqlStateOf = (thrown: unknown): string | undefined => {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  if (
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    /^[0-9A-Z]{5}$/.test(thrown.code) &&
    // Prisma's own codes are P1001 and up; PL/pgSQL's class is P0.
    !/^P[1-9]/.test(thrown.code)
  ) {
    return thrown.code
  }
  const wrapped = pick(pick(pick(thrown, 'meta'), 'driverAdapterError') ?? thrown, 'cause')
  const state = pick(wrapped, 'originalCode') ?? pick(wrapped, 'code')
  return typeof state === 'string' ? state : undefined
}

/** True for a unique violation, from `pg` or from Prisma. */
export const isUniqueViolation = (thrown: unknown): boolean =>
  sqlStateOf(thrown) === '23505' || pick(thrown, 'code') === 'P2002'

/** True for a foreign key violation, from `pg` or from Prisma. */
export const isForeignKeyViolation = (thrown: unknown): boolean =>
  sqlStateOf(thrown) === '23503' || pick(thrown, 'code') === 'P2003'

const pick = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined
