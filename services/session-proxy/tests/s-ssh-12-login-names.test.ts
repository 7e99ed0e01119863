import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { counted, figure } from '@sallyport/testing/proof'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TargetName } from '../src/domain/login-name.ts'
import { type Door, openDoor } from './support/door.ts'
import { CODE, PASSWORD } from './support/fakes.ts'
import { type ScriptedTarget, scriptedTarget } from './support/scripted-target.ts'
import { startSsh } from './support/ssh-client.ts'
import { missingSsh } from './support/sshd.ts'

const total = counted(2_000)

/** What a shell, a format, a path, a terminal or an option would give a meaning to. */
const nasty = [
  '-oProxyCommand=touch /tmp/sallyport-pwned',
  '$(touch /tmp/sallyport-pwned)',
  '`id`',
  ';id',
  '|id',
  '&&id',
  '%h%p%r',
  "'",
  '"',
  '\\',
  '\n',
  '\r',
  '\0',
  '\t',
  ' ',
  '\u001b]0;x\u0007',
  '\u202e',
  '../..',
  '/etc/passwd',
  '{{7*7}}',
  '${IFS}',
  '[',
  ']',
  '@',
  '[root@web-1]',
  'alice',
  'root',
  'web-1',
  'default/',
  '-',
  '--',
  '~',
  '*',
  '?',
  '\u{1f680}',
  'é',
]
const loginName = fc.oneof(
  fc.array(fc.constantFrom(...nasty), { minLength: 1, maxLength: 8 }).map(parts => parts.join('')),
  fc.tuple(fc.constantFrom(...nasty), fc.constantFrom(...nasty)).map(([a, b]) => `alice[${a}@${b}]`),
  fc.constantFrom(...nasty).map(part => `alice${part}[root@web-1]`),
  fc.constantFrom(...nasty).map(part => `alice[root@web-1${part}]`),
  fc.string({ unit: 'binary', maxLength: 200 }),
)
const SAFE = /^[^-\p{C}\s'"`%;|&<>[\]/=\\{}()*?~][^\p{C}\s'"`%;|&<>[\]/=\\{}()*?~]*$/u

describe('S-SSH-12: a login name reaches nothing but the parser, unless every part of it is harmless', () => {
  let target: ScriptedTarget
  let door: Door
  const resolved: TargetName[] = []

  beforeAll(async () => {
    target = await scriptedTarget()
    door = await openDoor(target.facts, { limits: { maxSigningInPerSource: 200, maxSigningIn: 200 } })
    const { resolve } = door.access
    door.access.resolve = (token, name) => {
      resolved.push(name)
      return resolve(token, name)
    }
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  /** Signs in and runs a command, if that is possible, and says how it ended. */
  const attempt = (username: string): Promise<string> =>
    new Promise(resolve => {
      const client = new ssh2.Client()
      client.on('error', () => undefined).on('close', () => resolve('closed'))
      client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
        finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
      )
      client.on('ready', () =>
        client.exec('id', (error, channel) => {
          if (error) return void client.end()
          channel.resume().on('close', () => client.end())
          channel.stderr.resume()
        }),
      )
      client.connect({ host: '127.0.0.1', port: door.port, username, tryKeyboard: true })
    })

  it('parses what comes over the wire, and passes on nothing that could be an option, a command or an escape', async () => {
    const names = fc.sample(loginName, total)
    const worker = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        expect(await attempt(name)).toBe('closed')
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    const parts = [
      ...door.authentication.people.flatMap(({ tenant, user }) => [tenant, user]),
      ...resolved.flatMap(({ username, device, domain }) => [
        username,
        device,
        ...(domain === undefined ? [] : [domain]),
      ]),
    ]
    for (const part of parts) expect(part).toMatch(SAFE)
    expect(JSON.stringify(door.logged)).not.toContain('internal')
    figure(
      'S-SSH-12',
      `${total} login names, ${parts.length} parts passed on, all harmless; no process started`,
    )
  }, 600_000)

  it.skipIf(missingSsh !== undefined)(
    'takes them from the OpenSSH client as well',
    async () => {
      for (const login of nasty.slice(0, counted(nasty.length, 8)).filter(name => !name.includes('\0'))) {
        const running = startSsh({ port: door.port, login: `alice[${login}@web-1]`, command: 'id' })
        running.child.stdin.end()
        const { status, stdout } = await running.ended
        const isName = /^[\p{L}\d][\p{L}\d-]*$/u.test(login)
        const expected = isName ? { status: 0, stdout: 'out' } : { status: 255, stdout: '' }
        expect({ login, status, stdout: stdout.toString() }).toEqual({ login, ...expected })
      }
    },
    120_000,
  )

  it('starts no process, whatever it is called: the service cannot', () => {
    const folder = join(import.meta.dirname, '../src')
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('generated'),
    )
    expect(sources.length).toBeGreaterThan(50)
    for (const path of sources)
      expect(readFileSync(join(folder, path), 'utf8'), path).not.toMatch(/child_process|\bcluster\b/)
  })
})
