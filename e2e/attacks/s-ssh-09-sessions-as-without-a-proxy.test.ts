import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Person } from '@sallyport/standalone/demo/person'
import { collect, prepareSsh, runSsh } from '@sallyport/targets/ssh-client'
import { findProgram } from '@sallyport/targets/find-program'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import { beforeAll, describe, expect, it } from 'vitest'
import { type SessionReply, sessionsOf } from '../support/door.ts'
import { expectSound, replay } from '../support/recording.ts'
import { openMaster, type SshMaster } from '../support/ssh-master.ts'
import { type Ran, ranBy, runProgram } from '../support/ssh-program.ts'
import { sshScene } from '../support/ssh-scene.ts'
import { noTerminal, openTerminal } from '../support/terminal.ts'

const total = counted(1_000)
const outputMegabytes = 100
const scene = sshScene('sessions')
const { loginOf } = scene

/** The same account, asked directly, past everything. */
const direct = async (
  command: string,
  input?: string | Buffer,
  options: readonly string[] = [],
): Promise<Ran> => {
  const hostKey = await readFile(join(scene.host.server.directory, 'ssh_host_ed25519_key.pub'), 'utf8')
  const { username: loginName, password } = scene.host.account
  const login = { port: scene.host.server.port, loginName, password, code: '', hostKey: hostKey.trim() }
  await using client = await prepareSsh(login, [...options, '-o', 'PreferredAuthentications=password'])
  return await runProgram('ssh', [...client.args, command], {
    env: client.env,
    ...(input !== undefined && { input }),
  })
}

/** What the client itself says in the end: it shares one of the two connections with others. */
const withoutFarewell = (stderr: Buffer): string =>
  stderr.toString().replace(/^(?:Shared c|C)onnection to \S+ closed\.\r?\n/m, '')

const ended = (person: Person, count = 1): Promise<SessionReply[]> =>
  eventually(async () => {
    const found = (await sessionsOf(scene.stage.admin.api, person)).filter(({ state }) => state === 'ended')
    return found.length >= count && found
  })

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('S-SSH-09: a shell', () => {
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

    await terminal.type('clear; echo asks; read -r word; echo "got: $word, ${#word} letters"\n')
    await terminal.shows(/^asks/m)
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

describe('S-SSH-09: a command', () => {
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
      // Each of the 256 in the end, and some of all sizes soon.
      const status = (number * 37) % 256
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
    figure(
      'S-SSH-09',
      `${total} of ${total} commands right, ${(total / seconds).toFixed(1)} sessions a second`,
    )
  }, 300_000)

  it.each<[string, { input?: string; options?: readonly string[] }]>([
    ['kill -TERM $$', {}],
    ['kill -KILL $$', {}],
    ['kill -SEGV $$', {}],
    ['kill -USR1 $$', {}],
    ['exit 255', {}],
    ['nosuchprogram', {}],
    ['exec 1>&-; echo x', {}],
    ['exec 2>&-; echo x; echo y >&2', {}],
    ['echo 1; echo 2 >&2; echo 3; echo 4 >&2; exit 5', {}],
    ['cat; echo after the end', { input: 'one\ntwo' }],
    ['head -c 3', { input: 'more than it reads' }],
    ['wc -c; wc -c', { input: '' }],
    ['printf "\\377\\376\\000\\r\\n\\033[31m"', {}],
    ['echo "$0 $# $-"; locale 2>/dev/null | head -1; umask; ulimit -n', {}],
    ['(sleep 0.2; echo late) & echo early; wait', {}],
    // A terminal without a size of its own has 24 rows of 80 columns behind the proxy, and none before it.
    ['stty -a | tail -n +2; test -t 0 && test -t 1 && test -t 2 && echo all', { options: ['-tt'] }],
  ])('ends as it would without a proxy: %s', async (command, { input, options = [] }) => {
    const [through, past] = await Promise.all([
      master.run(command, { ...(input !== undefined && { input }), options }),
      direct(command, input, options),
    ])
    expect(through.status).toBe(past.status)
    expect(through.stdout.toString('latin1')).toBe(past.stdout.toString('latin1'))
    expect(withoutFarewell(through.stderr)).toBe(withoutFarewell(past.stderr))
  })

  it('shows no more of an answer than it would without a proxy, where echo is off', async () => {
    const child = master.start('stty -echo; echo asks; read -r word; echo "<$word>"', ['-tt'])
    const [ran, shown] = [ranBy(child), collect(child.stdout)]
    // Typed any sooner, it is shown by the terminal itself, with and without a proxy.
    await eventually(() => shown().includes('asks'))
    child.stdin.end('secret\n')
    expect((await ran).stdout.toString()).toBe('asks\r\n<secret>\r\n')
  })

  it('is not needed: a connection without one holds no session', async () => {
    const visitor = await loginOf()
    await using idle = await openMaster(visitor.login)
    expect(await sessionsOf(scene.stage.admin.api, visitor.person)).toEqual([])
    expect((await idle.run('echo now')).stdout.toString()).toBe('now\n')
    expect(await sessionsOf(scene.stage.admin.api, visitor.person)).toHaveLength(1)
  })

  it('may be rsync, both ways', async context => {
    if (!(await findProgram('rsync'))) context.skip('needs rsync (Debian: rsync)')
    const folder = join(scene.host.server.directory, 'to-copy')
    await mkdir(folder)
    const bytes = randomBytes(3_000_000)
    await writeFile(join(folder, 'bytes'), bytes)
    await writeFile(join(folder, 'with space'), 'text')
    const rsync = (from: string, to: string): Promise<Ran> =>
      runProgram('rsync', ['-a', '-e', ['ssh', ...master.options].join(' '), from, to])
    expect((await rsync(`${folder}/`, '127.0.0.1:copied/')).stderr.toString()).toBe('')
    expect((await rsync('127.0.0.1:copied/', `${folder}-back/`)).status).toBe(0)
    expect((await readFile(`${folder}-back/bytes`)).equals(bytes)).toBe(true)
    expect(await readFile(`${folder}-back/with space`, 'utf8')).toBe('text')
  })

  it('may be git, both ways', async context => {
    if (!(await findProgram('git'))) context.skip('needs git (Debian: git)')
    const folder = join(scene.host.server.directory, 'repository')
    const env = {
      GIT_SSH_COMMAND: ['ssh', ...master.options].join(' '),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    }
    const git = async (...args: readonly string[]): Promise<string> => {
      const ran = await runProgram('git', args, { env })
      expect(ran.status, ran.stderr.toString()).toBe(0)
      return ran.stdout.toString()
    }
    await master.run('git init -q --bare repository.git')
    await git('clone', '-q', '127.0.0.1:repository.git', folder)
    await writeFile(join(folder, 'file'), randomBytes(1_000_000))
    await git('-C', folder, 'add', '.')
    await git('-C', folder, 'commit', '-q', '-m', 'first')
    await git('-C', folder, 'push', '-q', 'origin', 'HEAD:main')
    const pushed = (await git('-C', folder, 'rev-parse', 'HEAD')).trim()
    expect((await master.run('git -C repository.git rev-parse main')).stdout.toString().trim()).toBe(pushed)
  })

  it('may be what Ansible does', async context => {
    if (!(await findProgram('ansible'))) context.skip('needs ansible (pip install ansible-core)')
    const common = `-e ansible_ssh_common_args="${master.options.join(' ')}"`
    const ran = await runProgram(
      'sh',
      ['-c', `ansible all -i 127.0.0.1, -m ping -e ansible_ssh_transfer_method=piped ${common}`],
      { env: { ANSIBLE_SSH_ARGS: '-C', ANSIBLE_HOST_KEY_CHECKING: 'False', ANSIBLE_NOCOLOR: '1' } },
    )
    expect(ran.stdout.toString() + ran.stderr.toString()).toContain('"ping": "pong"')
  })

  it('gives a large binary output with the same hash', async () => {
    const bytes = randomBytes(outputMegabytes * 1024 * 1024)
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
    const seconds = (performance.now() - start) / 1000
    console.log(`output: ${outputMegabytes} MB at ${(outputMegabytes / seconds).toFixed(1)} MB/s`)
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
