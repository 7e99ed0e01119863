import type { Api } from '@sallyport/api-client/api'
import type { Person } from '@sallyport/standalone/demo/person'
import type { Platform } from '@sallyport/standalone/platform'
import type { SshLogin } from '@sallyport/targets/ssh-client'

/** What somebody gives to the SSH client to get through the proxy to an account on a device. */
export const loginAt = async (
  { sshPort: port, sshHostKey: hostKey }: Pick<Platform, 'sshPort' | 'sshHostKey'>,
  { userName, password, nextCode }: Person,
  account: { readonly username: string },
  device: { readonly deviceName: string },
): Promise<SshLogin> => ({
  port,
  loginName: `${userName}[${account.username}@${device.deviceName}]`,
  password,
  code: await nextCode(),
  hostKey,
})

export type SessionReply = {
  id: string
  userId: string
  state: string
  kind: string
  command: string | null
  endReason: string | null
  endDetail: string | null
  exitStatus: number | null
  requestId: string | null
}

/** A person's sessions, newest first. */
export const sessionsOf = async (api: Api, { userId }: Pick<Person, 'userId'>): Promise<SessionReply[]> =>
  (await api.get<{ items: SessionReply[] }>(`/sessions?userId=${userId}&limit=200`)).items

export type RecordReply = { code: string; actorId: string; targetId: string; details: Record<string, string> }

/** The audit records with a code that somebody caused, newest first. */
export const recordsOf = async (
  api: Api,
  { userId }: Pick<Person, 'userId'>,
  code: string,
): Promise<RecordReply[]> =>
  (await api.get<{ items: RecordReply[] }>(`/audit/records?actorId=${userId}&code=${code}&limit=200`)).items
