import { numberOf } from '@sallyport/database/number-of'
import type { Pool } from '@sallyport/database/pool'

/** Values under one key with random nonces of 96 bits (NIST SP 800-38D, 8.3). */
const mostUses = 2 ** 32

/** The most used tenant key's share of what a key may seal. For the worker role. */
export const keyUsesRatio = async (worker: Pool): Promise<number> =>
  (await numberOf(worker, 'select max(uses) as value from tenant_keys')) / mostUses
