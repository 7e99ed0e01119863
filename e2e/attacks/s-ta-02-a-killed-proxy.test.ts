import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectApi } from '@sallyport/api-client/api'
import { signInAgain, signInFirst } from '@sallyport/standalone/demo/person'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import { eventually } from '@sallyport/testing/eventually'
import { figure } from '@sallyport/testing/proof'
import ssh2 from 'ssh2'
import { describe, expect, it } from 'vitest'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard } from '../support/stage.ts'
import { startStandalone } from '../support/standalone-process.ts'

type Verification = { intact: boolean; complete: boolean; segments: number; badSegment: number | null }
type Session = { id: string; state: string; endReason: string | null }

describe('S-TA-02: the recording of a session whose proxy was killed', () => {
  it('holds all that was shown, is a sound prefix after the next start, and cannot be cut shorter', async () => {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-killed-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    await chmod(directory, 0o711)
    const host = stack.use(await openSmallHost())
    const running = stack.use(await startStandalone(directory))
    const admin = await signInFirst(running.apiUrl, {
      userName: 'admin',
      initialPassword: running.initialPassword,
    })
    const web = await guard(admin.api, host, 'killed')
    const { items: roles } = await admin.api.get<{ items: { id: string; name: string }[] }>(
      '/roles?limit=200',
    )
    const user = {
      userName: 'alice',
      roleIds: roles.filter(({ name }) => name === 'user').map(({ id }) => id),
    }
    const { initialPassword } = await admin.api.post<{ initialPassword: string }>('/users', user)
    const alice = await signInFirst(running.apiUrl, { userName: 'alice', initialPassword })
    await allow(admin.api, 'killed', [alice], { session: { allowed: true } })
    const hostKey = await hostKeyOf(directory)
    const shell = await runLibraryShell({
      port: running.sshPort,
      loginName: `alice[${host.account.username}@${web.deviceName}]`,
      password: alice.password,
      code: await alice.nextCode(),
      hostKey,
    })
    shell.write('while :; do echo line $((n=n+1)); done\n')
    await eventually(() => shell.stdout().includes('line 500'))
    await running.kill('SIGKILL')
    await shell.exit
    const shown = shell.stdout().toString()

    await using again = await startStandalone(directory)
    const api = await signInAgain({ ...admin, api: connectApi(again.apiUrl) })
    const session = await eventually(async () => {
      const { items } = await api.get<{ items: Session[] }>('/sessions')
      return items[0]?.state === 'ended' && items[0]
    })
    expect(session.endReason).toBe('proxy-stopped')
    const verify = (): Promise<Verification> => api.post(`/sessions/${session.id}/recording/verify`)
    const found = await verify()
    expect(found).toMatchObject({ intact: true, complete: false, badSegment: null })

    const response = await api.fetch('GET', `/sessions/${session.id}/recording.cast`)
    const cast = await response.text()
    const recorded = cast
      .trim()
      .split('\n')
      .slice(1)
      .map((line): unknown => JSON.parse(line))
      .flatMap(event => (Array.isArray(event) && event[1] === 'o' ? [String(event[2])] : []))
      .join('')
    expect(recorded.startsWith(shown)).toBe(true)

    const path = await recordingOf(directory, session.id)
    const file = await readFile(path)
    await writeFile(path, file.subarray(0, 4 + file.readUInt32BE(0)))
    expect(await verify()).toMatchObject({ intact: false, badSegment: 1 })
    figure(
      'S-TA-02',
      `killed with ${shown.length} characters shown: ${recorded.length} recorded in ${found.segments} sound segments`,
    )

    // S-TA-05: what a browser is told about the file.
    expect(response.headers.get('content-type')).toBe('application/x-asciicast')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  }, 180_000)
})

const hostKeyOf = async (directory: string): Promise<string> => {
  const key = ssh2.utils.parseKey(await readFile(join(directory, 'keys/ssh_host_ed25519_key')))
  if (key instanceof Error) throw key
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}

const recordingOf = async (directory: string, sessionId: string): Promise<string> => {
  const names = await readdir(directory, { recursive: true })
  return join(directory, names.find(name => name.endsWith(`${sessionId}.spr`)) ?? '')
}
