import { numberOf } from '@sallyport/database/number-of'
import type { Pool } from '@sallyport/database/pool'
import { MOST_KEY_USES } from '../domain/key-uses.ts'

/** The most used tenant key's share of what a key may seal. For the worker role. */
export const keyUsesRatio = async (worker: Pool): Promise<number> =>
  (await numberOf(worker, 'select max(uses) as value from tenant_keys')) / MOST_KEY_USES
