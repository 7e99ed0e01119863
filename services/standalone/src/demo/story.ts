import { findProgram } from '@sallyport/targets/find-program'
import { acceptsPassword } from '@sallyport/targets/password-login'
import { runSsh, type SshRun } from '@sallyport/targets/ssh-client'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import type { Target } from '@sallyport/targets/target'
import type { Platform } from '../platform.ts'
import { type Api, ApiProblem, connectApi } from '@sallyport/api-client/api'
import { outputOf, watchLive } from './live-view.ts'
import type { Report } from './report.ts'
import { type Scene, setScene } from './scene.ts'
import { verifyTrail } from './verify-trail.ts'
import { waitFor } from './wait.ts'

type Page<T> = { items: T[] }
type AccessRequest = { id: string; version: number; state: string; approverNames: string[] }
type Session = { id: string; state: string; endReason: string | null; targetName: string; grantId: string }
type Operation = { id: string; state: string; trigger: string; message: string }
type AuditRecord = { sequence: number; code: string; grantId: string | null; sessionId: string | null }

/** Where the story happens. */
export type StoryPlace = Pick<Platform, 'apiUrl' | 'sshPort' | 'sshHostKey' | 'audit'>

/** Tells the main job in eight steps, against real services with real clients. */
export const tellStory = async (
  platform: StoryPlace,
  initialPassword: string,
  target: Target,
  report: Report,
): Promise<Scene> => {
  report.scene(`The target is ${target.description}, on port ${target.port}.`)
  report.tell(
    'An administrator creates users, a device with pinned host keys, a credential and an access group …',
  )
  const scene = await setScene(platform.apiUrl, initialPassword, target)
  await login(scene, report)
  await using shell = await openShell(platform, scene, target)
  const requestId = await request(scene, shell, report)
  await approval(scene, requestId, report)
  const session = await retrieval(scene, shell, requestId, target, report)
  await using live = await watchLive(scene.carol.api, session.id)
  await useSession(shell, target, report)
  await monitoring(shell, live.shown, report)
  await endOfWindow(scene, shell, { requestId, session, target }, report)
  await audit(platform, scene, { requestId, session }, report)
  return scene
}

const login = async ({ alice }: Scene, report: Report): Promise<void> => {
  report.step('Login')
  report.tell('alice changed her initial password, enrolled a second factor, and signed in with both.')
  const { user } = await alice.api.get<{ user: { totpEnrolled: boolean; mustChangePassword: boolean } }>(
    '/me',
  )
  report.prove(
    user.totpEnrolled && !user.mustChangePassword,
    'her account has a second factor and her own password',
  )
  const wrong = { tenant: 'default', userName: 'alice', password: 'not hers', transport: 'token' }
  const refusal = await refusalOf(connectApi(alice.api.baseUrl).post('/login', wrong))
  report.prove(refusal?.status === 401, `a wrong password is refused: “${refusal?.message}”`)
}

const openShell = async (platform: StoryPlace, { alice }: Scene, target: Target): Promise<SshRun> => {
  const login = {
    port: platform.sshPort,
    loginName: `alice[${target.username}@web-1]`,
    password: alice.password,
    code: await alice.nextCode(),
    hostKey: platform.sshHostKey,
  }
  return (await findProgram('ssh')) ? runSsh(login, { options: ['-tt'] }) : runLibraryShell(login)
}

const request = async ({ alice }: Scene, shell: SshRun, report: Report): Promise<string> => {
  report.step('Access request')
  report.tell('alice connects with ssh; the proxy asks why, and asks for an approval.')
  await seen(shell, /Why do you need/)
  shell.write('Disk is filling up, ticket OPS-4711\n')
  const pending = await waitFor('the request', async () => {
    const { items } = await alice.api.get<Page<AccessRequest>>('/requests?scope=mine')
    return items.find(({ state }) => state === 'pending')
  })
  report.prove(pending.approverNames.includes('bob'), `request ${pending.id} waits for bob`)
  await seen(shell, /bob/)
  report.prove(!textOf(shell).includes('$ '), 'her terminal says who must approve, and no shell has opened')
  return pending.id
}

const approval = async ({ alice, bob }: Scene, requestId: string, report: Report): Promise<void> => {
  report.step('Approval')
  const own = await refusalOf(decide(alice.api, requestId, 'approve'))
  report.prove(own !== undefined, `alice cannot approve her own request: “${own?.message}”`)
  const approved = await decide(bob.api, requestId, 'approve')
  report.prove(approved.state === 'approved', 'bob approved it')
}

const retrieval = async (
  { alice, carol }: Scene,
  shell: SshRun,
  requestId: string,
  target: Target,
  report: Report,
): Promise<Session> => {
  report.step('Credential retrieval')
  const session = await waitFor('the session', async () => {
    const { items } = await alice.api.get<Page<Session>>(`/sessions?requestId=${requestId}&state=live`)
    return items[0]
  })
  const released = await waitFor('the release in the audit trail', async () => {
    const { items } = await carol.api.get<Page<AuditRecord>>(
      `/audit/records?requestId=${requestId}&code=secret.released`,
    )
    return items[0]
  })
  report.prove(
    released.grantId === session.grantId,
    `vault released the secret to the session proxy, against grant ${session.grantId}, and said so first`,
  )
  report.prove(!textOf(shell).includes(target.password), 'alice’s client never received it')
  return session
}

const useSession = async (shell: SshRun, target: Target, report: Report): Promise<void> => {
  report.step('Session')
  shell.write('echo "I am $(id -un)"; echo sum $((6*7))\n')
  await seen(shell, /sum 42/)
  const isAccount = textOf(shell).includes(`I am ${target.username}`)
  const who = isAccount ? `as ${target.username}` : 'as the account of the demonstration'
  report.prove(true, `a command ran on the target ${who}`)
}

const monitoring = async (shell: SshRun, shown: () => string, report: Report): Promise<void> => {
  report.step('Monitoring')
  shell.write('echo "carol sees $((1000+234))"\n')
  await waitFor('the live view', () => found(shown().includes('carol sees 1234')))
  report.prove(true, 'carol, an auditor, saw it live')
}

const endOfWindow = async (
  { bob, alice, admin, credentialId }: Scene,
  shell: SshRun,
  { requestId, session, target }: { requestId: string; session: Session; target: Target },
  report: Report,
): Promise<void> => {
  report.step('Logout and end of access')
  const start = performance.now()
  await decide(bob.api, requestId, 'revoke')
  await shell.exit
  const took = Math.round(performance.now() - start)
  report.prove(took < 2_000, `bob revoked the request, and the session was cut after ${took} ms`)
  const ended = await waitFor('the end of the session', async () => {
    const now = await alice.api.get<Session>(`/sessions/${session.id}`)
    return now.state === 'ended' ? now : undefined
  })
  report.prove(ended.endReason === 'revoked', `the session is recorded as ended: ${ended.endReason}`)
  const operation = await waitFor('the password change', async () => {
    const { items } = await admin.api.get<Page<Operation>>(`/operations?credentialId=${credentialId}`)
    return items.find(({ state }) => state === 'succeeded')
  })
  report.prove(
    true,
    `the password was changed by itself (operation ${operation.id}, trigger: ${operation.trigger})`,
  )
  report.prove(!(await acceptsPassword(target, target.password)), 'the target refuses the old password')
  await alice.api.post('/logout')
  const after = await refusalOf(alice.api.get('/me'))
  report.prove(after?.status === 401, 'alice signed out, and her session token is worthless')
}

const expectedCodes = [
  'request.created',
  'request.approved',
  'grant.issued',
  'secret.released',
  'session.started',
  'session.ended',
  'request.revoked',
]

const audit = async (
  platform: StoryPlace,
  { carol }: Scene,
  { requestId, session }: { requestId: string; session: Session },
  report: Report,
): Promise<void> => {
  report.step('Audit')
  const codes = await waitFor('the audit trail', async () => {
    const { items } = await carol.api.get<Page<AuditRecord>>(
      `/audit/records?requestId=${requestId}&limit=200`,
    )
    const seen = new Set(items.map(({ code }) => code))
    return expectedCodes.every(code => seen.has(code))
      ? items.toReversed().map(({ code }) => code)
      : undefined
  })
  report.prove(true, `the trail links everything to the request: ${[...new Set(codes)].join(', ')}`)
  const cast = await (await carol.api.fetch('GET', `/sessions/${session.id}/recording.cast`)).text()
  const replayed = cast.trim().split('\n').slice(1).map(outputOf).join('')
  report.prove(replayed.includes('sum 42'), 'the recording replays what was seen')
  const sealed = await carol.api.post<{ intact: boolean; complete: boolean; segments: number }>(
    `/sessions/${session.id}/recording/verify`,
  )
  report.prove(
    sealed.intact && sealed.complete,
    `its ${sealed.segments} sealed segments are intact and complete`,
  )
  const verified = await verifyTrail(platform)
  report.prove(verified.intact, `audit verify, a program of its own, says: ${verified.says}`)
}

const decide = async (api: Api, requestId: string, verb: 'approve' | 'revoke'): Promise<AccessRequest> => {
  const { version } = await api.get<AccessRequest>(`/requests/${requestId}`)
  return api.post<AccessRequest>(
    `/requests/${requestId}/${verb}`,
    { comment: 'Part of the demonstration' },
    { ifMatch: version },
  )
}

const refusalOf = async (attempt: Promise<unknown>): Promise<ApiProblem | undefined> => {
  try {
    await attempt
    return undefined
  } catch (thrown) {
    if (thrown instanceof ApiProblem) return thrown
    throw thrown
  }
}

const textOf = (shell: SshRun): string => Buffer.concat([shell.stdout(), shell.stderr()]).toString('utf8')

/** Waits until the terminal shows something. */
const seen = async (shell: SshRun, pattern: RegExp): Promise<void> => {
  try {
    await waitFor(String(pattern), () => found(pattern.test(textOf(shell))))
  } catch (cause) {
    throw new Error(`The terminal does not show ${String(pattern)}, but:\n${textOf(shell)}`, { cause })
  }
}

const found = (condition: boolean): true | undefined => condition || undefined
