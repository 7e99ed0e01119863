import type { Account } from './account.ts'
import { within } from './steps.ts'

type Request = { readonly id: string; readonly version: number }

/** Cancels whatever the user has asked for and still has: what was given for it ends, too. */
export const cleanUp = async (user: Account, patienceMs: number): Promise<void> => {
  const code = await user.nextCode()
  await within(patienceMs, cancelAll(user, code))
}

const cancelAll = async (user: Account, code: string): Promise<void> => {
  const api = await user.signIn(code)
  for (const state of ['pending', 'approved']) {
    const { items } = await api.get<{ items: Request[] }>(`/requests?scope=mine&state=${state}&limit=200`)
    for (const { id, version } of items)
      await api.post(`/requests/${id}/cancel`, undefined, { ifMatch: version })
  }
  await api.post('/logout')
}
