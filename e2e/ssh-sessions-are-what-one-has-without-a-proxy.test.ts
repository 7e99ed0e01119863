import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Person } from '@sallyport/standalone/demo/person'
import { collect, prepareSsh, runSsh } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { beforeAll, describe, expect, it } from 'vitest'
import { type SessionReply, sessionsOf } from './support/door.ts'
import { expectSound, replay } from './support/recording.ts'
import { openMaster, type SshMaster } from './support/ssh-master.ts'
import { type Ran, ranBy, runProgram } from './support/ssh-program.ts'
import { sshScene } from './support/ssh-scene.ts'
import { noTerminal, openTerminal } from './support/terminal.ts'

/** The acceptance is 1,000 of 1,000: `SALLYPORT_E2E_COMMANDS=1000`. Every day, a minute of everybody's time matters. */
const total = Number(process.env['SALLYPORT_E2E_COMMANDS'] ?? 300)
const scene = sshScene('sessions')
const { loginOf } = scene

/** The same account, asked directly, past everything. */
const direct = async (command: string): Promise<Ran> => {
  const hostKey = await readFile(join(scene.host.server.directory, 'ssh_host_ed25519_key.pub'), 'utf8')
  const { username: loginName, password } = scene.host.account
  const login = { port: scene.host.server.port, loginName, password, code: '', hostKey: hostKey.trim() }
  await using client = await prepareSsh(login, ['-o', 'PreferredAuthentications=password'])
  return await runProgram('ssh', [...client.args, command], { env: client.env })
}

const ended = (person: Person, count = 1): Promise<SessionReply[]> =>
  eventually(async () => {
    const found = (await sessionsOf(scene.stage.admin.api, person)).filter(({ state }) => state === 'ended')
    return found.length >= count && found
  })

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

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
    const { output } = await replay(scene.stage.admin.api, session?.id ?? '')
    expect(output).toBe(shell.stdout().toString('utf8'))
    await expectSound(scene.stage.admin.api, session?.id ?? '')
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
    const live = await sessionsOf(scene.stage.admin.api, person)
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
    if (scene.missing) return
    const entered = await loginOf()
    person = entered.person
    master = scene.stack.use(await openMaster(entered.login))
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
    const path = join(scene.host.server.directory, 'random')
    await writeFile(path, bytes)
    await chmod(scene.host.server.directory, 0o711)
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
      (await sessionsOf(scene.stage.admin.api, person)).find(({ exitStatus }) => exitStatus === 9),
    )
    expect(session).toMatchObject({ kind: 'exec', state: 'ended', endReason: 'closed' })
    const { output } = await replay(scene.stage.admin.api, session.id)
    expect(output).toContain('recorded 2\n')
    expect(output).toContain('complaint\n')
    await expectSound(scene.stage.admin.api, session.id)
  })
})
