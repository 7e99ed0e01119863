import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@sallyport/postgres/free-port'
import type { Person } from '@sallyport/standalone/demo/person'
import { runSsh, type SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, it } from 'vitest'
import { loginAt, recordsOf } from './support/door.ts'
import { describeDevice } from './support/other-device.ts'
import { shows } from './support/seen.ts'
import { openMaster } from './support/ssh-master.ts'
import { runProgram } from './support/ssh-program.ts'
import { sshScene } from './support/ssh-scene.ts'
import { allow } from './support/stage.ts'

const tag = 'sessions'
const scene = sshScene(tag)
const { loginOf } = scene

describe('a key', () => {
  it('lets in with a one-time code once it is registered, and never before', async () => {
    const { person, login } = await loginOf()
    const key = join(scene.host.server.directory, 'alice')
    await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    const options = [
      '-i',
      key,
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'PreferredAuthentications=publickey,keyboard-interactive',
    ]
    // The code alone does not help: without the password, which would be asked for instead of it.
    const withoutPassword = { ...login, password: 'not it' }
    await using refused = await runSsh(withoutPassword, { options, command: ['true'] })
    expect(await refused.exit).toBe(255)
    expect(refused.stderr().toString()).toContain('Permission denied')

    const publicKey = (await readFile(`${key}.pub`, 'utf8')).trim()
    await person.api.post('/me/ssh-keys', { name: 'laptop', publicKey })
    await using opened = await runSsh(withoutPassword, {
      options: ['-v', ...options],
      command: ['echo', 'in'],
    })
    opened.end()
    expect(await opened.exit).toBe(0)
    expect(opened.stdout().toString()).toBe('in\n')
    expect(opened.stderr().toString()).toMatch(
      /publickey[\s\S]*partial success|Authenticated using "publickey"/i,
    )
  })
})

describe('S-SSH-07: what is neither shell nor command', () => {
  const refusedFeature = (person: Person, feature: string | RegExp): Promise<unknown> =>
    eventually(async () => {
      const records = await recordsOf(scene.stage.admin.api, person, 'session.feature_refused')
      return records.find(({ details }) => new RegExp(feature).test(details['feature'] ?? ''))
    })

  it.each([
    ['-L', (port: number) => ['-L', `${port}:127.0.0.1:22`]],
    ['-D', (port: number) => ['-D', `${port}`]],
  ])('is refused with a reason: %s', async (_flag, forward) => {
    const { person, login } = await loginOf()
    const port = await freePort()
    await using master = await openMaster(login, forward(port))
    const socks5 = Buffer.from('050100', 'hex')
    const toPort22 = Buffer.from('05010001 7f000001 0016'.replaceAll(' ', ''), 'hex')
    await runProgram('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; cat >&3; timeout 2 cat <&3`], {
      input: Buffer.concat([socks5, toPort22]),
    })
    await eventually(() => /does not forward/.test(master.complaints()))
    await refusedFeature(person, 'direct-tcpip')
  })

  it('is refused with a reason: -R', async () => {
    const { person, login } = await loginOf()
    await using run = await runSsh(login, {
      options: ['-R', `${await freePort()}:127.0.0.1:22`, '-o', 'ExitOnForwardFailure=yes', '-N'],
    })
    expect(await run.exit).toBe(255)
    expect(run.stderr().toString()).toMatch(/remote port forwarding failed/)
    await refusedFeature(person, 'tcpip-forward')
  })

  it('is refused, and the command goes on without: -A and -X', async () => {
    const { person, login } = await loginOf()
    const socket = join(scene.host.server.directory, 'agent')
    await using agent = await listening(socket)
    await using run = await runSsh(login, {
      options: ['-A', '-Y'],
      command: ['echo "agent <$SSH_AUTH_SOCK> display <$DISPLAY>"'],
      env: { SSH_AUTH_SOCK: agent.path, DISPLAY: 'localhost:10.0' },
    })
    expect(await run.exit).toBe(0)
    expect(run.stdout().toString()).toBe('agent <> display <>\n')
    expect(run.stderr().toString()).toContain('X11 forwarding request failed')
    await refusedFeature(person, 'agent')
    await refusedFeature(person, 'x11')
  })

  it('is refused with a reason: SFTP and SCP', async () => {
    const { person, login } = await loginOf()
    await using master = await openMaster(login)
    const file = join(scene.host.server.directory, 'sshd_config')
    const subsystem = await runProgram('ssh', [...master.options, '-s', '127.0.0.1', 'sftp'])
    const sftp = await runProgram('sftp', [...master.options, '-b', '-', '127.0.0.1'], { input: 'ls\n' })
    const scp = await runProgram('scp', [...master.options, file, '127.0.0.1:copy'])
    const legacy = await runProgram('scp', ['-O', ...master.options, file, '127.0.0.1:copy'])
    const away = await runProgram('scp', ['-O', ...master.options, '127.0.0.1:.bashrc', '/dev/null'])
    for (const ran of [subsystem, sftp, scp]) {
      expect(ran.status).not.toBe(0)
      expect(ran.stderr.toString()).toContain('SFTP is not offered here')
    }
    for (const ran of [legacy, away]) {
      expect(ran.status).not.toBe(0)
      expect(ran.stderr.toString()).toContain('SCP is not offered here')
    }
    const { stdout } = await master.run('ls copy 2>/dev/null')
    expect(stdout.toString()).toBe('')
    await refusedFeature(person, 'sftp')
    await refusedFeature(person, 'scp')
  })
})

describe('S-SSH-05: a device that cannot be had', () => {
  const trust = async (): Promise<string[]> => {
    const keys = ['ed25519', 'ecdsa'].map(type =>
      join(scene.host.server.directory, `ssh_host_${type}_key.pub`),
    )
    const lines = await Promise.all(keys.map(path => readFile(path, 'utf8')))
    return lines.map(line => line.split(' ')[1] ?? '')
  }
  const foreignKey = async (): Promise<string> => {
    const path = join(scene.host.server.directory, `foreign-${randomBytes(3).toString('hex')}`)
    await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
    return (await readFile(`${path}.pub`, 'utf8')).split(' ')[1] ?? ''
  }

  it('is told from another: another host key, none, not there, a wrong password', async () => {
    const { api } = scene.stage.admin
    const { username, password } = scene.host.account
    const { port } = scene.host.server
    const devices = {
      changed: await describeDevice(api, { port, username, password, publicKeys: [await foreignKey()] }, tag),
      unpinned: await describeDevice(api, { port, username, password, publicKeys: [] }, tag),
      down: await describeDevice(
        api,
        { port: await freePort(), username, password, publicKeys: await trust() },
        tag,
      ),
      wrong: await describeDevice(
        api,
        { port, username, password: 'not it', publicKeys: await trust() },
        tag,
      ),
    }
    const messages = {
      changed: /did not prove.*pinned|host key/i,
      unpinned: /no pinned host key|host key/i,
      down: /refused the connection/,
      wrong: /does not accept|did not accept|refused.*credential|sign/i,
    }
    const said = await Promise.all(
      (['changed', 'unpinned', 'down', 'wrong'] as const).map(async name => {
        const { person, login } = await loginOf(devices[name])
        await using run = await runSsh(login, { command: ['echo', 'never'] })
        run.end()
        expect(await run.exit).toBe(1)
        expect(run.stdout().toString()).toBe('')
        const text = run.stderr().toString()
        expect(text).toMatch(messages[name])
        expect(text).not.toContain(password)
        if (name === 'changed') {
          const records = await eventually(async () => {
            const found = await recordsOf(api, person, 'session.host_key_mismatch')
            return found.length > 0 && found
          })
          expect(records[0]?.details).toMatchObject({ device_id: devices.changed.deviceId })
        }
        return text
      }),
    )
    expect(new Set(said).size).toBe(4)
  })
})

describe('the end of a window', () => {
  /** Somebody in a shell on the device, with an approved window that goes on for so many seconds. */
  const shellFor = async (bob: Person, seconds: number): Promise<SshRun> => {
    const person = await scene.stage.person('alice')
    const session = { allowed: true, approvals: 1 }
    await allow(scene.stage.admin.api, tag, [person], { session, approvers: [bob] })
    const request = await person.api.post<{ id: string; version: number }>('/requests', {
      credentialId: scene.web.credentialId,
      deviceId: scene.web.deviceId,
      action: 'session',
    })
    const login = await loginAt(scene.stage.platform, person, scene.host.account, scene.web)
    // A window lasts a minute at least; most of this one may be over.
    const [start, end] = [Date.now() - 60_000, Date.now() + seconds * 1000]
    const window = { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
    await bob.api.post(`/requests/${request.id}/approve`, window, { ifMatch: request.version })
    return runSsh(login, { options: ['-tt'] })
  }

  it('is announced 5 minutes and 1 minute before, and then comes', async () => {
    const bob = await scene.stage.person('bob', 'approver')
    await using five = await shellFor(bob, 307)
    await using one = await shellFor(bob, 67)
    await using short = await shellFor(bob, 8)
    await shows(five, 'This session ends in 5 minutes')
    await shows(one, 'This session ends in 1 minute,')
    expect(await short.exit).not.toBe(0)
    expect(short.stdout().toString()).toContain('The window of this access has ended.')
    expect(one.stdout().includes('The window of this access has ended.')).toBe(false)
  })
})

const listening = async (path: string): Promise<AsyncDisposable & { path: string }> => {
  const server = createServer(socket => socket.destroy())
  server.listen(path)
  await once(server, 'listening')
  return { path, [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) }
}
