import { setTimeout } from 'node:timers/promises'
import { isReasonError } from '@sallyport/errors/error'
import type { Released } from '../clients/vault.ts'
import type { LiveSession } from './live-session.ts'

const changeTakesMs = 20_000

/** A password that is being changed at this moment is another one in seconds: the session waits for that. */
export const releaseWhenChanged = async (
  session: Pick<LiveSession, 'say' | 'ending'>,
  release: () => Promise<Released>,
): Promise<Released> => {
  const deadline = performance.now() + changeTakesMs
  for (let told = false; ; told = true) {
    try {
      return await release()
    } catch (error) {
      if (!isReasonError(error, 'rotation.in_progress') || performance.now() > deadline) throw error
    }
    if (!told) session.say('The password is being changed; one moment.')
    await setTimeout(1_000, undefined, { signal: session.ending })
  }
}
