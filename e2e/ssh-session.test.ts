import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@sallyport/postgres/free-port'
import type { Person } from '@sallyport/standalone/demo/person'
import { collect, prepareSsh, runSsh, type SshLogin, type SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loginAt, recordsOf, type SessionReply, sessionsOf } from './support/door.ts'
import { describeDevice } from './support/other-device.ts'
import { expectSound, replay } from './support/recording.ts'
import { shows } from './support/seen.ts'
import { openMaster, type SshMaster } from './support/ssh-master.ts'
import { type Ran, ranBy, runProgram } from './support/ssh-program.ts'
import {
  allow,
  type Guarded,
  guard,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from './support/stage.ts'
import { noTerminal, openTerminal } from './support/terminal.ts'

const tag = 'sessions'
/** The acceptance is 1,000 of 1,000: `SALLYPORT_E2E_COMMANDS=1000`. Every day, a minute of everybody's time matters. */
const total = Number(process.env['SALLYPORT_E2E_COMMANDS'] ?? 300)
const stack = new AsyncDisposableStack()
let stage: Stage
let host: LinuxHost
let web: Guarded
let missing: string | undefined

/** Somebody who may have sessions without being asked anything. */
const visitor = async (): Promise<Person> => {
  const person = await stage.person('alice')
  await allow(stage.admin.api, tag, [person], { session: { allowed: true } })
  return person
}

const loginOf = async (device: Guarded = web): Promise<{ person: Person; login: SshLogin }> => {
  const person = await visitor()
  return { person, login: await loginAt(stage.platform, person, host.account, device) }
}

/** The same account, asked directly, past everything. */
const direct = async (command: string): Promise<Ran> => {
  const hostKey = await readFile(join(host.server.directory, 'ssh_host_ed25519_key.pub'), 'utf8')
  const { username: loginName, password } = host.account
  const login = { port: host.server.port, loginName, password, code: '', hostKey: hostKey.trim() }
  await using client = await prepareSsh(login, ['-o', 'PreferredAuthentications=password'])
  return await runProgram('ssh', [...client.args, command], { env: client.env })
}

const ended = (person: Person, count = 1): Promise<SessionReply[]> =>
  eventually(async () => {
    const found = (await sessionsOf(stage.admin.api, person)).filter(({ state }) => state === 'ended')
    return found.length >= count && found
  })

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  missing = await noLinuxHost()
  if (missing) return
  stage = stack.use(await openStage())
  host = stack.use(await openLinuxHost())
  web = await guard(stage.admin.api, host, tag)
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

describe('a shell', () => {
  it('is what one has without a proxy: full-screen programs, resize, Ctrl-C, UTF-8, exit status', async context => {
    const none = await noTerminal()
    if (none) context.skip(none)
    const { login } = await loginOf()
    await using client = await prepareSsh(login, ['-tt'])
    await using terminal = await openTerminal(['ssh', ...client.args], client.env)
    await terminal.shows(/\$ ?$/m)

    await terminal.type('stty size; echo "$(tput cols) columns on $TERM"\n')
    await terminal.shows(/30 100\n100 columns on (screen|tmux)/)
    await terminal.resize(77, 22)
    await terminal.type('clear; stty size\n')
    await terminal.shows(/22 77/)

    await terminal.type('clear; echo before; sleep 100; echo "status $?"\n')
    await terminal.shows(/^before/m)
    await terminal.press('C-c')
    await terminal.type('echo "after $((40+2))"\n')
    const interrupted = await terminal.shows(/after 42/)
    expect(interrupted).toContain('^C')

    await terminal.type('clear; read -r word; echo "got: $word, ${#word} letters"\n')
    await terminal.type('Grüße, 世界 🚀\n')
    await terminal.shows(/got: Grüße, 世界 🚀/)

    await terminal.type('vi new-file\n')
    await terminal.shows(/^~$/m)
    await terminal.type('iwritten in vi')
    await terminal.press('Escape')
    await terminal.type(':wq\n')
    await terminal.shows(/\$ ?$/m)
    await terminal.type('clear; cat new-file\n')
    await terminal.shows(/^written in vi/m)

    await terminal.type('top -d 1\n')
    await terminal.shows(/load average[\s\S]*PID\s+USER/)
    await terminal.type('q')

    await terminal.type('clear; exit 7\n')
    expect(await terminal.status()).toBe(7)
  })

  it('is recorded as it was seen, sealed and whole', async () => {
    const { person, login } = await loginOf()
    await using shell = await runSsh(login, { options: ['-tt'] })
    shell.write('printf "\\033[1mbold\\033[0m Grüße %s\\n" "$((6*7))"; seq 1 2000\n')
    await eventually(() => shell.stdout().includes('\n2000\r\n'))
    shell.write('exit 3\n')
    expect(await shell.exit).toBe(3)
    const [session] = await ended(person)
    expect(session).toMatchObject({ kind: 'shell', endReason: 'closed', exitStatus: 3 })
    const { output } = await replay(stage.admin.api, session?.id ?? '')
    expect(output).toBe(shell.stdout().toString('utf8'))
    await expectSound(stage.admin.api, session?.id ?? '')
  })

  it('opens twice on one connection, each a session of its own', async () => {
    const { person, login } = await loginOf()
    await using master = await openMaster(login)
    const [one, two] = [master.start('bash', ['-tt']), master.start('bash', ['-tt'])]
    const [first, second] = [collect(one.stdout), collect(two.stdout)]
    one.stdin.write('echo first-$((1+1))\n')
    two.stdin.write('echo second-$((2+2))\n')
    await eventually(() => first().includes('first-2') && second().includes('second-4'))
    expect(first().includes('second')).toBe(false)
    const live = await sessionsOf(stage.admin.api, person)
    expect(live.map(({ state }) => state)).toEqual(['live', 'live'])
    one.stdin.write('exit 4\n')
    expect((await ranBy(one)).status).toBe(4)
    two.stdin.write('echo still-$((3+3)); exit 5\n')
    expect((await ranBy(two)).status).toBe(5)
    expect(second().includes('still-6')).toBe(true)
  })
})

describe('a command', () => {
  let person: Person
  let master: SshMaster

  beforeAll(async () => {
    if (missing) return
    const entered = await loginOf()
    person = entered.person
    master = stack.use(await openMaster(entered.login))
  })

  it('gives its output, stderr and exit status unchanged, each time', async () => {
    const { login } = await loginOf()
    await using second = await openMaster(login)
    const start = performance.now()
    const wrong: string[] = []
    const attempt = async (number: number): Promise<void> => {
      const status = number % 256
      const command = `printf 'out\\t%s' ${number}; printf 'err\\n%s' ${number} >&2; exit ${status}`
      const ran = await (number % 2 ? master : second).run(command)
      const right =
        ran.status === status &&
        ran.stdout.toString() === `out\t${number}` &&
        ran.stderr.toString() === `err\n${number}`
      if (!right) wrong.push(`${number}: ${ran.status} ${ran.stdout.toString()} ${ran.stderr.toString()}`)
    }
    const numbers = Array.from({ length: total }, (_, index) => index)
    const worker = async (): Promise<void> => {
      for (let next = numbers.shift(); next !== undefined; next = numbers.shift()) await attempt(next)
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    expect(wrong).toEqual([])
    const seconds = (performance.now() - start) / 1000
    console.log(`commands: ${total} of ${total} right, ${(total / seconds).toFixed(1)} sessions a second`)
  }, 300_000)

  it.each([
    'kill -TERM $$',
    'kill -KILL $$',
    'kill -SEGV $$',
    'exit 255',
    'nosuchprogram',
    'exec 1>&-; echo x',
  ])('ends as it would without a proxy: %s', async command => {
    const [through, past] = [await master.run(command), await direct(command)]
    expect(through.status).toBe(past.status)
    expect(through.stdout.toString()).toBe(past.stdout.toString())
    expect(through.stderr.toString()).toBe(past.stderr.toString())
  })

  it('gives 100 MB of binary output with the same hash', async () => {
    const bytes = randomBytes(100 * 1024 * 1024)
    const path = join(host.server.directory, 'random')
    await writeFile(path, bytes)
    await chmod(host.server.directory, 0o711)
    await chmod(path, 0o644)
    const start = performance.now()
    const child = master.start(`cat ${path}`)
    const hash = createHash('sha256')
    child.stdin.end()
    child.stdout.on('data', (chunk: Buffer) => hash.update(chunk))
    const [status] = await once(child, 'close')
    expect(status).toBe(0)
    expect(hash.digest('hex')).toBe(sha256(bytes))
    console.log(`output: 100 MB at ${(100_000 / (performance.now() - start)).toFixed(1)} MB/s`)
  })

  it('gets binary input unchanged', async () => {
    const bytes = randomBytes(10 * 1024 * 1024)
    const start = performance.now()
    const { stdout, status } = await master.run('cat', { input: bytes })
    expect(status).toBe(0)
    expect(sha256(stdout)).toBe(sha256(bytes))
    console.log(`input and output: 10 MB at ${(10_000 / (performance.now() - start)).toFixed(1)} MB/s`)
  })

  it('is recorded', async () => {
    await master.run('echo "recorded $((1+1))"; echo complaint >&2; exit 9')
    const session = await eventually(async () =>
      (await sessionsOf(stage.admin.api, person)).find(({ exitStatus }) => exitStatus === 9),
    )
    expect(session).toMatchObject({ kind: 'exec', state: 'ended', endReason: 'closed' })
    const { output } = await replay(stage.admin.api, session.id)
    expect(output).toContain('recorded 2\n')
    expect(output).toContain('complaint\n')
    await expectSound(stage.admin.api, session.id)
  })
})

describe('a key', () => {
  it('lets in with a one-time code once it is registered, and never before', async () => {
    const { person, login } = await loginOf()
    const key = join(host.server.directory, 'alice')
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

describe('what is neither shell nor command', () => {
  const refusedFeature = (person: Person, feature: string | RegExp): Promise<unknown> =>
    eventually(async () => {
      const records = await recordsOf(stage.admin.api, person, 'session.feature_refused')
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
    const socket = join(host.server.directory, 'agent')
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
    const file = join(host.server.directory, 'sshd_config')
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

describe('a device that cannot be had', () => {
  const trust = async (): Promise<string[]> => {
    const keys = ['ed25519', 'ecdsa'].map(type => join(host.server.directory, `ssh_host_${type}_key.pub`))
    const lines = await Promise.all(keys.map(path => readFile(path, 'utf8')))
    return lines.map(line => line.split(' ')[1] ?? '')
  }
  const foreignKey = async (): Promise<string> => {
    const path = join(host.server.directory, `foreign-${randomBytes(3).toString('hex')}`)
    await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
    return (await readFile(`${path}.pub`, 'utf8')).split(' ')[1] ?? ''
  }

  it('is told from another: another host key, none, not there, a wrong password', async () => {
    const { api } = stage.admin
    const { username, password } = host.account
    const { port } = host.server
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
    const person = await stage.person('alice')
    const session = { allowed: true, approvals: 1 }
    await allow(stage.admin.api, tag, [person], { session, approvers: [bob] })
    const request = await person.api.post<{ id: string; version: number }>('/requests', {
      credentialId: web.credentialId,
      deviceId: web.deviceId,
      action: 'session',
    })
    const login = await loginAt(stage.platform, person, host.account, web)
    // A window lasts a minute at least; most of this one may be over.
    const [start, end] = [Date.now() - 60_000, Date.now() + seconds * 1000]
    const window = { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
    await bob.api.post(`/requests/${request.id}/approve`, window, { ifMatch: request.version })
    return runSsh(login, { options: ['-tt'] })
  }

  it('is announced 5 minutes and 1 minute before, and then comes', async () => {
    const bob = await stage.person('bob', 'approver')
    await using five = await shellFor(bob, 303)
    await using one = await shellFor(bob, 64)
    await using short = await shellFor(bob, 4)
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
