import { setTimeout as pause } from 'node:timers/promises'
import type { Api } from '@sallyport/api-client/api'
import { operationsOf } from '../rotation.ts'
import type { Guarded } from '../stage.ts'

/** Changes the passwords of some accounts, again and again. */
export type Rotations = AsyncDisposable & { readonly ended: () => number }

const isOver = ({ state }: { state: string }): boolean => !['scheduled', 'running'].includes(state)

export const startRotations = (api: Api, accounts: readonly Guarded[]): Rotations => {
  const stop = new AbortController()
  let ended = 0
  const rotate = async (account: Guarded): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await api.post(`/credentials/${account.credentialId}/rotate`)
        while (!stop.signal.aborted && !(await operationsOf(api, account)).every(isOver)) await pause(100)
        ended += 1
      } catch {
        // Whatever is away comes back.
        await pause(100)
      }
    }
  }
  const rotating = Promise.all(accounts.map(rotate))
  return {
    ended: () => ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await rotating
    },
  }
}
