import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '@sallyport/crypto/secret'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseTemplate } from '../src/domain/template/parse.ts'
import { logCapture } from '../src/executors/log-capture.ts'
import { sshExecutor } from '../src/executors/ssh/ssh-executor.ts'
import { type Account, makeAccount, noRealSshd, type RealSshd, startSshd } from './support/real-sshd.ts'

const reason = noRealSshd()

const nasty = [
  '[#IP#]',
  '[#CURRENT_PASSWORD#]',
  '[nl]',
  '{{constructor.constructor("return process")()}}',
  '${process.env.PATH}',
  '<%= 7*7 %>',
  '__proto__',
  'constructor',
  '$(touch pwned)',
  '`touch pwned`',
  '; touch pwned #',
  "' && touch pwned && '",
  '"|touch pwned|"',
  '/etc/passwd',
  'file:///etc/passwd',
  '!!',
  '%s%n%x',
  '\\r\\n',
  'pässwörd 密码 🔑',
]
const value = fc.oneof(
  fc.constantFrom(...nasty),
  fc.tuple(fc.constantFrom(...nasty), fc.constantFrom(...nasty)).map(parts => parts.join(' ')),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(text => !/\p{Cc}/u.test(text)),
)

const withControl = fc
  .tuple(value, fc.constantFrom('\r', '\n', '\u001b[2J', '\u0003', '\u0004', '\u007f', '\0'), value)
  .map(parts => parts.join(''))

describe.skipIf(reason !== undefined)(`S-IN-08: a value that a template writes ${reason ?? ''}`, () => {
  let sshd: RealSshd
  let account: Account

  beforeAll(async () => {
    sshd = await startSshd()
    account = makeAccount('Old-secret-1')
  })
  afterAll(async () => {
    account?.[Symbol.dispose]()
    await sshd?.[Symbol.asyncDispose]()
  })

  const executor = sshExecutor({ egress: createEgress(laptopRules) })
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

  /** The target prints in hexadecimal what it read, and which programs run for the account with what arguments. */
  const source = [
    'set-terminal off',
    'exec cd; IFS= read -r line; printf %s "$line" | od -An -v -tx1 | tr -d " \\n"; echo; ps -u $USER -o args=; ls',
    'write [#NEW_PASSWORD#]',
    'end',
  ].join('\n')

  const write = async (text: string): Promise<string> => {
    const parsed = parseTemplate(source)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const capture = logCapture()
    capture.hide([])
    await executor.run({
      target: sshd.target,
      signIn: { username: account.name, kind: 'password', secret: Secret.fromUtf8('Old-secret-1') },
      template: parsed.template,
      values: { NEW_PASSWORD: bytes(text), IP: bytes('never'), CURRENT_PASSWORD: bytes('never') },
      capture,
      guard: () => {},
      onSignedIn: async () => {},
      signal: new AbortController().signal,
    })
    return capture.lines().join('\n')
  }

  test('reaches the target bytewise, is in nobody’s arguments, and runs nothing', async () => {
    const count = counted(500, 12)
    const values = [...nasty, ...fc.sample(value, count)].slice(0, Math.max(count, 12))
    for (const text of values) {
      const shown = await write(text)
      expect(shown, text).toContain(Buffer.from(text).toString('hex').slice(0, 900))
      expect(shown, text).not.toContain('pwned')
      // Short ones may well be part of a word.
      if (text.length > 8) expect(shown, text).not.toContain(text)
    }
    figure(
      'S-IN-08',
      `${values.length} values written to a real sshd bytewise, nothing ran, none in arguments`,
    )
  }, 300_000)

  test('is refused if it holds a key press, and nothing of it is sent', async () => {
    for (const text of fc.sample(withControl, counted(100, 5))) {
      await expect(write(text)).rejects.toMatchObject({ failure: 'value_not_allowed' })
    }
  }, 120_000)

  test('and no template reads a file of ours', () => {
    for (const text of [
      'include /etc/passwd',
      'exec-file /etc/passwd',
      'write [#FILE:/etc/passwd#]',
      'exec [#env.PATH#]',
    ]) {
      expect(parseTemplate(text).ok, text).toBe(false)
    }
    const names = readdirSync(join(import.meta.dirname, '../src/domain/template')).filter(
      name => !name.includes('.test.'),
    )
    for (const name of names) {
      const text = readFileSync(join(import.meta.dirname, '../src/domain/template', name), 'utf8')
      expect(text, name).not.toMatch(/node:|eval\(|new Function|import\(/)
    }
    expect(existsSync('pwned')).toBe(false)
  })
})
