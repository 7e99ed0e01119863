import { readFileSync, watch } from 'node:fs'
import type { Api } from '@sallyport/api-client/api'
import { acceptsPassword } from '@sallyport/targets/password-login'
import { eventually } from '@sallyport/testing/eventually'
import type { Guarded, Host } from './stage.ts'

export type Operation = {
  id: string
  state: 'scheduled' | 'running' | 'succeeded' | 'failed' | 'unknown' | 'canceled'
  trigger: 'request' | 'reveal' | 'session' | 'window' | 'custody'
  attempts: number
  message: string
}

type Policy = {
  readonly template?: string
  readonly privilegedCredentialId?: string
  readonly afterReveal?: boolean
  readonly afterSession?: boolean
  readonly afterWindow?: boolean
  readonly maxAttempts?: number
}

/** Says how and when a credential's password is to be changed. */
export const setPolicy = async (
  api: Api,
  { credentialId, deviceId }: Guarded,
  { template = 'Linux: change own password', ...rules }: Policy = {},
): Promise<void> => {
  const { items } = await api.get<{ items: { id: string; name: string }[] }>('/templates?limit=200')
  const templateId = items.find(({ name }) => name === template)?.id
  await api.put(
    `/credentials/${credentialId}/rotation-policy`,
    { deviceId, templateId, ...rules },
    { ifMatch: 0 },
  )
}

export const operationsOf = async (api: Api, { credentialId }: Guarded): Promise<Operation[]> =>
  (await api.get<{ items: Operation[] }>(`/operations?credentialId=${credentialId}&limit=200`)).items

/** Waits for the only operation of a credential to end well. */
export const changedOnce = async (api: Api, guarded: Guarded, timeoutMs = 30_000): Promise<Operation> => {
  const ended = await eventually(async () => {
    const [newest] = await operationsOf(api, guarded)
    return newest !== undefined && !['scheduled', 'running'].includes(newest.state) && newest
  }, timeoutMs)
  if (ended.state !== 'succeeded') throw new Error(`The operation ended as ${ended.state}: ${ended.message}`)
  return ended
}

export type Version = { number: number; state: 'candidate' | 'current' | 'retired' | 'abandoned' }

type VersionPage = { readonly items: Version[]; readonly nextCursor: string | null }

/** The versions of a secret, oldest first, without the secrets. */
export const versionsOf = async (api: Api, { credentialId }: Guarded): Promise<Version[]> => {
  const newestFirst: Version[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
    const page: VersionPage = await api.get(`/credentials/${credentialId}/versions?${query}`)
    newestFirst.push(...page.items)
    cursor = page.nextCursor
  }
  return newestFirst.toReversed()
}

export type Revealed = { readonly secret: string; readonly custodyId: string | null }

/** What the vault shows to somebody who may see it. */
export const reveal = async (api: Api, { credentialId, deviceId }: Guarded): Promise<Revealed> => {
  const { ticket, custodyId } = await api.post<{ ticket: string; custodyId: string | null }>(
    `/credentials/${credentialId}/reveal`,
    { deviceId },
  )
  const { secret } = await api.post<{ secret: string }>('/reveal-tickets/redeem', { ticket })
  return { secret, custodyId }
}

/** Whether the real host lets the account in with a password, asked directly, past everything. */
export const opens = ({ server, account }: Host, password: string): Promise<boolean> =>
  acceptsPassword({ address: '127.0.0.1', port: server.port, username: account.username }, password)

/** Counts how often the operating system's entry for an account's password has changed. */
export const watchAccount = (username: string): Disposable & { readonly changes: () => number } => {
  const seen = [hashOf(username)]
  // The tools write a new file and move it over the old one, so the directory is watched.
  const watcher = watch('/etc', (_event, file) => {
    const hash = file === 'shadow' ? hashOf(username) : undefined
    if (hash !== undefined && hash !== seen.at(-1)) seen.push(hash)
  })
  return { changes: () => seen.length - 1, [Symbol.dispose]: () => watcher.close() }
}

const hashOf = (username: string): string | undefined =>
  readFileSync('/etc/shadow', 'utf8')
    .split('\n')
    .find(line => line.startsWith(`${username}:`))
    ?.split(':')[1]
