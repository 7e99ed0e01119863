import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import type { SshLogin, SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { type Call, callOf, type Route } from './api-calls.ts'
import { loginAt } from './door.ts'
import type { FurnishedTenant } from './furnished-tenant.ts'
import { meaningOf } from './meanings.ts'
import { allow, type Host, type Stage } from './stage.ts'
import type { Superuser } from './superuser.ts'

type Id = { id: string }

/** A call that would succeed, and whose it is. */
export type SoundCall = Call & { readonly by: Person | undefined }

/** What must be there for every route to have something to do. */
export type Scene = {
  readonly tenant: FurnishedTenant
  readonly callOf: (route: Route) => Promise<SoundCall>
  readonly live: SshRun
  /** Somebody who could open a session, and what that takes. */
  readonly newcomer: SshLogin
}

type Parts = { stage: Stage; db: Superuser; host: Host; tenant: FurnishedTenant }

/** Adds to a furnished tenant what a call may need to be right in: pending requests, tickets, a live session and so on. */
export const soundCalls = async ({ stage, db, host, tenant }: Parts): Promise<Scene> => {
  const { admin, ids, name } = tenant
  const { api } = admin
  const person = async (userName: string): Promise<Person> => {
    const { items } = await api.get<{ items: (Id & { name: string })[] }>('/roles?limit=200')
    const roleIds = items.filter(role => role.name === 'user').map(({ id }) => id)
    const { initialPassword } = await api.post<{ initialPassword: string }>('/users', { userName, roleIds })
    return signInFirst(api.baseUrl, { tenant: name, userName, initialPassword })
  }
  const [carol, dave, erin] = [await person('carol'), await person('dave'), await person('erin')]
  const frank = await person('frank')
  const session = { allowed: true, justification: true, approvals: 1 }
  await allow(api, name, [carol], { view: { allowed: true }, session, approvers: [admin] })
  await allow(api, name, [dave, frank], { session: { allowed: true } })
  const use = { credentialId: ids.credential, deviceId: ids.device }
  const wish = { ...use, action: 'session', justification: 'ticket OPS-4712' }
  const { id: pending } = await carol.api.post<Id>('/requests', wish)
  const { ticket } = await carol.api.post<{ ticket: string }>(`/credentials/${ids.credential}/reveal`, {
    deviceId: ids.device,
  })
  const { id: role } = await api.post<Id>('/roles', { name: 'spare', permissions: [] })
  const device = {
    name: 'spare',
    address: '192.0.2.9',
    type: 'linux-server',
    connectivities: [{ protocol: 'ssh', port: 22 }],
  }
  const { id: spareDevice } = await api.post<Id>('/devices', device)
  const { name: deviceName } = await api.get<{ name: string }>(`/devices/${ids.device}`)
  const loginOf = async (who: Person): Promise<SshLogin> => {
    const login = await loginAt(stage.platform, who, host.account, { deviceName })
    return { ...login, loginName: `${name}/${login.loginName}` }
  }
  const live = await runLibraryShell(await loginOf(dave))
  const liveSession = await eventually(async () => {
    const { items } = await api.get<{ items: Id[] }>(`/sessions?userId=${dave.userId}`)
    return items[0]?.id
  })
  const setOperation = (state: string): Promise<unknown> =>
    db.query(
      `update execution.operations set state = $2, sent = false, due_at = now() + interval '1 day' where id::text = $1`,
      [ids.operation, state],
    )
  const anonymous = { ...erin, api: { ...erin.api, token: undefined } }
  const signIn = { tenant: name, userName: erin.userName, password: erin.password, transport: 'token' }
  const { challenge } = await erin.api.post<{ challenge: string }>('/login', signIn)
  const code = await erin.nextCode()

  const own: Partial<Record<string, Partial<SoundCall> & { before?: () => Promise<unknown> }>> = {
    logIn: { by: anonymous, body: { ...signIn, password: 'a wrong one' } },
    continueLogin: { by: anonymous, body: { challenge, totpCode: code, transport: 'token' } },
    changePassword: { body: { currentPassword: admin.password, newPassword: `${admin.password}!` } },
    addSshKey: { body: { name: 'other', publicKey: newSshKey().public } },
    createTenant: { by: stage.admin },
    listTenants: { by: stage.admin },
    getTenant: { by: stage.admin, path: `/tenants/${tenant.tenantId}` },
    updateTenant: { by: stage.admin, path: `/tenants/${tenant.tenantId}` },
    rotateSigningKeys: { by: stage.admin },
    deleteRole: { path: `/roles/${role}` },
    createRequest: { by: carol, body: wish },
    cancelRequest: { by: carol, path: `/requests/${pending}/cancel` },
    approveRequest: { path: `/requests/${pending}/approve`, body: { comment: 'fine' } },
    disapproveRequest: { path: `/requests/${pending}/disapprove` },
    pinHostKeys: { body: { port: host.server.port, publicKeys: [someHostKey] } },
    deleteDevice: { path: `/devices/${spareDevice}` },
    createCredential: {
      body: { username: 'new', type: 'local-user', secretKind: 'password', deviceIds: [ids.device] },
    },
    updateCredential: { body: { notes: 'other' } },
    setSecret: { body: { secret: 'another secret' } },
    startKeyRotation: { by: stage.admin },
    redeemRevealTicket: { by: carol, body: { ticket } },
    revealCredential: { by: carol },
    putRotationPolicy: { body: { deviceId: ids.device, templateId: ids.template } },
    cancelOperation: { before: () => setOperation('scheduled') },
    restartOperation: { before: () => setOperation('failed') },
    terminateSession: { path: `/sessions/${liveSession}/terminate` },
    watchSession: { path: `/sessions/${liveSession}/live` },
  }
  // A record can be proved once a signed checkpoint covers it.
  await eventually(() => api.get('/audit/records/1/proof'), 30_000)
  const prepared = async (route: Route): Promise<SoundCall> => {
    const { before, ...changes } = own[route.name] ?? {}
    await before?.()
    const sound = callOf(route, place => {
      const meaning = meaningOf(route, place)
      return meaning && ids[meaning]
    })
    return { by: admin, ...sound, ...withFreshNames(sound), ...changes }
  }
  return { tenant, callOf: prepared, live, newcomer: await loginOf(frank) }
}

const someHostKey = 'AAAAC3NzaC1lZDI1NTE5AAAAIGJlmXgXvGdp8FQuVQ4W0QHGxIUI4Mm0E1Kx5sU0B1xC'

let names = 0

/** Nobody and nothing has them yet. */
const withFreshNames = ({ body }: Call): Partial<Call> => {
  if (body === undefined) return {}
  names += 1
  const fresh = (key: string): object => (key in body ? { [key]: `fresh-${names}` } : {})
  return { body: { ...body, ...fresh('name'), ...fresh('userName') } }
}
