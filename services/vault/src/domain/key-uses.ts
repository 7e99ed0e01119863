/** Values under one key with random nonces of 96 bits (NIST SP 800-38D, 8.3). */
export const MOST_KEY_USES = 2 ** 32

/**
 * A key is replaced at nine tenths of that: what a process had counted and not written when it died is far less than the
 * rest.
 */
export const KEY_USES_BEFORE_ROTATION = BigInt(Math.floor(MOST_KEY_USES * 0.9))
