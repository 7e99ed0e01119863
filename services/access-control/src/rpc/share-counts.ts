import type {
  ShareCountsRequest,
  ShareCountsResponse,
} from '@sallyport/contracts/access_control/v1/authentication'
import { SallyportError } from '@sallyport/errors/error'
import type { Deps } from '../deps.ts'
import { addCounts } from '../store/shared-counts.ts'

const mostCounts = 1_000
const keyBytes = 32
/** As much as the wire can say. */
const mostTotal = 2 ** 32 - 1
const minuteMs = 60_000

/** Adds up what gateways count, by the minute of the one clock that they all go by. */
export const shareCounts =
  ({ workerPool, clock }: Pick<Deps, 'workerPool' | 'clock'>) =>
  async ({ counts }: ShareCountsRequest): Promise<ShareCountsResponse> => {
    const keys = counts.map(({ key }) => key.toString('hex'))
    if (counts.length > mostCounts || new Set(keys).size < keys.length)
      throw new SallyportError('request.invalid', `At most ${mostCounts} counts, each of another key`)
    if (counts.some(({ key }) => key.byteLength !== keyBytes))
      throw new SallyportError('request.invalid', `A key has ${keyBytes} bytes`)
    const now = clock.now().getTime()
    const totals = await addCounts(workerPool, counts, Math.floor(now / minuteMs))
    return {
      totals: keys.map(key => Math.min(totals.get(key) ?? 0, mostTotal)),
      minuteEndsInMilliseconds: minuteMs - (Math.floor(now) % minuteMs),
    }
  }
