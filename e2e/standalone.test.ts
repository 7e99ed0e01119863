import { chmod, chown, mkdir, readFile, symlink } from 'node:fs/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { connectApi } from '@sallyport/api-client/api'
import { oneTimeCodes } from '@sallyport/api-client/one-time-codes'
import { signInAgain, signInFirst, type Person } from '@sallyport/standalone/demo/person'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DataRoot,
  type Installation,
  makeDataRoot,
  postgresOf,
  startInstallation,
  startScript,
} from './support/installation.ts'
import { isRunning, memoryOf, processorSecondsOf, processTree } from './support/process-tree.ts'
import { processesOf, type Program, startProgram } from './support/program.ts'
import { noLinuxHost } from './support/stage.ts'
import { noTerminal, openTerminal } from './support/terminal.ts'

/** What is promised of a machine that has nothing else to do. */
const readyWithinMs = (): number => ((loadavg()[0] ?? 0) > availableParallelism() ? 30_000 : 10_000)

const signInScript = 'services/standalone/src/sign-in.ts'
const demoScript = 'services/standalone/src/demo/main.ts'
const mebibyte = 2 ** 20

/** None of them runs any more, a moment later at most. */
const allEnd = (pids: readonly number[]): Promise<boolean> => eventually(() => !pids.some(isRunning), 10_000)

const onFreePorts = (path: string): string[] => ['--data-dir', path, '--http-port', '0', '--ssh-port', '0']

const stopInOrder = async (program: Program): Promise<void> => {
  const processes = processesOf(program)
  program.kill('SIGINT')
  expect(await program.exit).toBe(0)
  expect(processes.filter(isRunning)).toEqual([])
}

describe('start', () => {
  const stack = new AsyncDisposableStack()
  let data: DataRoot
  let running: Installation
  let admin: Person
  let withinMs: number
  beforeAll(async () => {
    withinMs = readyWithinMs()
    data = stack.use(await makeDataRoot())
    running = stack.use(await startInstallation(data))
    console.log(`start: first start ready after ${running.readyAfterMs} ms`)
  })
  afterAll(() => stack.disposeAsync())

  it('is ready within 10 s, and at rest takes at most 600 MiB and next to no processor time', async () => {
    expect(running.readyAfterMs).toBeLessThan(withinMs)
    const processes = await atRest(running)
    const memory = processes.reduce((sum, pid) => sum + memoryOf(pid), 0)
    console.log(`start: ${Math.round(memory / mebibyte)} MiB in ${processes.length} processes at rest`)
    expect(memory).toBeLessThan(600 * mebibyte)
  })

  it('tells once how the administrator signs in', async () => {
    expect(running.initialPassword).toBeDefined()
    admin = await signInFirst(running.apiUrl, {
      userName: 'admin',
      initialPassword: running.initialPassword ?? '',
    })
  })

  it('signs somebody in from a terminal, who hears what a new password lacks and is asked again', async () => {
    const created = { userName: 'kept', roleIds: [] }
    const user = await admin.api.post<{ id: string; initialPassword: string }>('/users', created)
    await using program = startProgram(signInScript, ['--api', running.apiUrl, 'kept'], { typed: true })
    await program.shows(/Password of kept: /)
    program.type(user.initialPassword)
    await program.shows(/New password: /)
    program.type('too short')
    await program.shows(/New password: [^]*New password: /)
    program.type('a long walk to the old mill')
    const [uri] = await program.shows(/otpauth:\S+/)
    await program.shows(/The code that it shows: /)
    program.type(await oneTimeCodes(uri)())
    expect(await program.exit).toBe(0)
    expect(program.printed()).toMatch(/New password: [^]*at least 12 characters[^]*New password: /)
    expect(program.printed()).not.toContain('old mill')
    const token = program.printed().trim().split(/\s/).at(-1)
    const { userId } = await connectApi(running.apiUrl, token).get<{ userId: string }>('/me')
    expect(userId).toBe(user.id)
  })

  it('refuses a second start on the same directory, and says which process has it', async () => {
    await using second = startProgram(startScript, onFreePorts(data.path))
    expect(await second.exit).toBe(1)
    expect(second.printed()).toContain(
      `${data.path} is in use by process ${running.pid}. Stop it first, or choose another --data-dir.`,
    )
    expect(second.printed()).not.toContain('    at ')
  })

  it('leaves nothing behind when its parent is killed, and starts again on the same directory', async () => {
    const processes = processesOf(running)
    expect(processes).toContain((await postgresOf(data)).pid)
    running.kill('SIGKILL')
    expect(await running.exit).toBe('SIGKILL')
    await allEnd(processes)
    withinMs = readyWithinMs()
    running = stack.use(await startInstallation(data))
    console.log(`start: second start ready after ${running.readyAfterMs} ms`)
    expect(running.readyAfterMs).toBeLessThan(withinMs)
  })

  it('finds what was kept, and prints no second administrator', async () => {
    expect(running.initialPassword).toBeUndefined()
    const again = await signInAgain({ ...admin, api: connectApi(running.apiUrl) })
    const { items } = await again.get<{ items: { userName: string }[] }>('/users?limit=200')
    expect(items.map(({ userName }) => userName).toSorted()).toEqual(['admin', 'kept'])
  })

  it('stops everything in order on Ctrl-C', async () => {
    await stopInOrder(running)
    expect(running.printed()).toContain('Stopping')
    await expect(readFile(join(data.path, 'process.pid'))).rejects.toThrow('ENOENT')
  })

  it('stops as well when its terminal is closed, which nothing can be written to any more', async context => {
    const missing = await noTerminal()
    if (missing) context.skip(missing)
    const script = join(import.meta.dirname, '..', startScript)
    const program = [process.execPath, '--conditions=source', script, ...onFreePorts(data.path)]
    await using terminal = await openTerminal(program)
    await terminal.shows(/Ctrl-C stops everything/)
    const pidFile = join(data.path, 'process.pid')
    const processes = processTree(Number(await readFile(pidFile, 'utf8')))
    await terminal[Symbol.asyncDispose]()
    await allEnd(processes)
    await expect(readFile(pidFile)).rejects.toThrow('ENOENT')
  })

  it('says which port is taken, and how to choose another', async () => {
    await using taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await using root = await makeDataRoot()
    const args = ['--data-dir', root.path, '--http-port', '0', '--ssh-port', `${port}`]
    await using program = startProgram(startScript, args)
    expect(await program.exit).toBe(1)
    expect(program.printed()).toBe(
      `Starting …\nPort ${port} on 127.0.0.1 is taken. Choose another with --ssh-port, or 0 for any free one.\n`,
    )
  })

  it('explains its flags, and refuses those that it does not know', async () => {
    await using help = startProgram(startScript, ['--help'])
    await using wrong = startProgram(startScript, ['--data-directory', '/nowhere'])
    expect([await help.exit, await wrong.exit]).toEqual([0, 1])
    expect(help.printed()).toMatch(/^Usage: pnpm start/)
    expect(wrong.printed()).toContain('--data-directory')
    expect(wrong.printed()).toContain('Usage: pnpm start')
  })
})

/** Waits until a second has passed in which it did next to nothing. */
const atRest = (program: Program): Promise<readonly number[]> => {
  let before = Number.POSITIVE_INFINITY
  let lookAt = performance.now()
  return eventually(() => {
    if (performance.now() < lookAt) return false
    lookAt = performance.now() + 1_000
    const processes = processesOf(program)
    const used = processes.reduce((sum, pid) => sum + processorSecondsOf(pid), 0)
    const idle = used - before < 0.2
    before = used
    return idle && processes
  }, 30_000)
}

describe('demo --once', () => {
  const nobody = { uid: 65_534, gid: 65_534 }

  /** Runs it to its end, and returns what it printed. Whatever it started must be gone by then. */
  const demonstrate = async (...options: Parameters<typeof startProgram>[2][]): Promise<string> => {
    await using program = startProgram(demoScript, ['--once'], ...options)
    await program.shows(/8\. Audit/, 90_000)
    const processes = processesOf(program)
    expect(await program.exit, program.printed()).toBe(0)
    expect(processes.filter(isRunning)).toEqual([])
    expect(program.printed()).toContain('All eight steps were done, and proved.')
    expect(program.printed()).not.toContain('✘')
    return program.printed()
  }

  it('proves eight steps against OpenSSH and a Linux account, where it may', async context => {
    const missing = await noLinuxHost()
    if (missing) context.skip(missing)
    const told = await demonstrate()
    const account = /with the Linux account (\S+),/.exec(told)?.[1] ?? ''
    expect(account).toMatch(/^sallyport-demo-/)
    expect(await readFile('/etc/passwd', 'utf8')).not.toContain(account)
  })

  it('proves them without root, without OpenSSH’s server and client, and with an empty home', async context => {
    if (process.getuid?.() !== 0) context.skip('needs root, to become somebody else')
    await using root = await makeDataRoot()
    const [home, bin] = [join(root.path, 'home'), join(root.path, 'bin')]
    await mkdir(home)
    await chmod(home, 0o700)
    await chown(home, nobody.uid, nobody.gid)
    await mkdir(bin)
    for (const program of ['sh', 'cat', 'id', 'script'])
      await symlink(`/usr/bin/${program}`, join(bin, program))
    const told = await demonstrate({ user: nobody, env: { HOME: home, TMPDIR: home, PATH: bin } })
    expect(told).toContain('The target is a small SSH server of the demonstration')
    expect(await readFile('/etc/passwd', 'utf8')).not.toContain('sallyport-demo-')
  })
})
