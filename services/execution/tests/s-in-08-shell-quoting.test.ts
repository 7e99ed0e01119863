import { execFileSync } from 'node:child_process'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTemplate } from '../src/domain/template/parse.ts'
import { renderExec } from '../src/domain/template/render.ts'

const commandLine = (command: string, password: string): string => {
  const parsed = parseTemplate(`exec ${command}`)
  const [exec] = parsed.ok ? parsed.template.commands : []
  if (exec?.kind !== 'exec') throw new Error('not a template')
  const bytes = (text: string) => new TextEncoder().encode(text)
  return renderExec(exec.parts, { NEW_PASSWORD: bytes(password), IP: bytes('never') })
}

const nasty = [
  "'; DROP TABLE users; --",
  '$(touch /tmp/pwned)',
  '`id`',
  '[#IP#]',
  '[nl]',
  '"; exit 3; "',
  'a\'b"c\\d$e`f',
  '\\',
  "\\'",
  '!history',
  'two words  and\ttab',
  'line\nbreak',
  '-n',
  '~root',
  '*',
  'pässwörd 密码 🔑',
  '{{constructor}}',
  '%s%n',
  '',
]

const password = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: 'binary', maxLength: 40 }).filter(text => !text.includes('\0') && text.isWellFormed()),
  fc.string({ unit: fc.constantFrom(...Array.from('\'"\\$`!#&|;<>()[]{}*?~ \t\nab')), maxLength: 40 }),
)

describe('S-IN-08: a value in a command line', () => {
  const places = [
    "printf '%s.' [#NEW_PASSWORD#]",
    "printf '%s.' '[#NEW_PASSWORD#]'",
    'printf \'%s.\' "[#NEW_PASSWORD#]"',
  ]

  test('is one word for a real shell, whatever it is and however it is quoted', () => {
    const count = counted(10_000)
    for (let done = 0; done < count; done += 500) {
      const passwords = fc.sample(password, 500)
      const lines = passwords.map((value, index) => commandLine(places[index % 3] ?? '', value))
      const script = lines.map(line => `${line}; printf '\\036'`).join('\n')
      const output = execFileSync('/bin/sh', { input: script, maxBuffer: 1e8 }).toString()
      expect(output).toBe(passwords.map(value => `${value}.\u001e`).join(''))
    }
    figure('S-IN-08', `${count} values in shell command lines, all of them bytewise one word`)
  })
})
