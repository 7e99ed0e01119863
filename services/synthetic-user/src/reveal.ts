import type { Account } from './account.ts'

/** A credential whose secret the user may see without asking. */
export type Revealed = { readonly credentialId: string; readonly deviceId: string }

/** Sees a secret, as a person would; it is looked at no further than that there is one. */
export const reveal = async (
  user: Account,
  code: string,
  { credentialId, deviceId }: Revealed,
): Promise<void> => {
  const api = await user.signIn(code)
  const { ticket } = await api.post<{ ticket: string }>(`/credentials/${credentialId}/reveal`, { deviceId })
  const shown = await api.post<{ secret?: string; secretBase64?: string }>('/reveal-tickets/redeem', {
    ticket,
  })
  if (!shown.secret && !shown.secretBase64) throw new Error('There was no secret')
  await api.post('/logout')
}
