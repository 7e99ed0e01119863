import { randomUUID } from 'node:crypto'

/** Long enough to be found in logs, and nothing in it that a log or a header could mistake for something else. */
const acceptable = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/

/** The client's X-Request-Id if it is harmless, or else a new one. */
export const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
