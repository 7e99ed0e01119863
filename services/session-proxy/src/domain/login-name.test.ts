import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLoginName, type LoginName, parseLoginName } from './login-name.ts'

const golden: [string, LoginName][] = [
  ['alice', { tenant: 'default', user: 'alice' }],
  ['acme/alice', { tenant: 'acme', user: 'alice' }],
  ['alice[root@web-1]', { tenant: 'default', user: 'alice', target: { username: 'root', device: 'web-1' } }],
  [
    'acme/alice[root@10.0.0.7]',
    { tenant: 'acme', user: 'alice', target: { username: 'root', device: '10.0.0.7' } },
  ],
  [
    'alice[CORP\\svc_sql$@db.example.com]',
    {
      tenant: 'default',
      user: 'alice',
      target: { domain: 'CORP', username: 'svc_sql$', device: 'db.example.com' },
    },
  ],
  [
    'alice[root@[2001:db8::7]]',
    { tenant: 'default', user: 'alice', target: { username: 'root', device: '2001:db8::7' } },
  ],
  [
    'alice@example.com[bob@example.com@web-1]',
    {
      tenant: 'default',
      user: 'alice@example.com',
      target: { username: 'bob@example.com', device: 'web-1' },
    },
  ],
  [
    'alice[root@web-1]123456',
    { tenant: 'default', user: 'alice', target: { username: 'root', device: 'web-1' }, code: '123456' },
  ],
]

const hostile = [
  '',
  '[root@web-1]',
  '/alice',
  'acme/',
  'acme//alice',
  'a/b/c',
  '-oProxyCommand=id',
  'alice[-oProxyCommand=id@web-1]',
  'alice[root@-oProxyCommand=id]',
  'alice[root@web-1',
  'alice]root@web-1[',
  'alice[root@web-1]x',
  'alice[root@web-1]12345',
  'alice[[root@web-1]]',
  'alice[root@]',
  'alice[@web-1]',
  'alice[root]',
  'alice[root@web 1]',
  'alice[root@2001:db8::7]',
  'alice[root@[web-1]]',
  'alice[root@[fe80::1%eth0]]',
  'alice[root@[:::]]',
  'alice[a\\b\\c@web-1]',
  'alice[root@web-1\\x]',
  'alice%s',
  "alice'",
  'alice"',
  'alice`id`',
  'alice$(id)',
  'alice;id',
  'alice\n',
  'alice\0',
  'alice\u001b]0;x\u0007',
  'alice\u202e',
  'ALICE/alice',
  'a'.repeat(129),
  'a'.repeat(100_000),
]

const letters = 'abcXYZ019é'.split('')
const word = (extra: string, max: number) =>
  fc
    .tuple(
      fc.constantFrom(...letters),
      fc.array(fc.constantFrom(...letters, ...extra.split('')), { maxLength: max - 1 }),
    )
    .map(([first, rest]) => first + rest.join(''))
const asciiWord = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/)
const target = fc.record(
  {
    domain: asciiWord,
    username: word('._@+$-', 40),
    device: fc.oneof(word('._-', 60), fc.ipV4(), fc.ipV6()),
  },
  { requiredKeys: ['username', 'device'] },
)
const person = { tenant: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/), user: word('._@+-', 40) }
const loginNames: fc.Arbitrary<LoginName> = fc.oneof(
  fc.record(person),
  fc.record(
    { ...person, target, code: fc.stringMatching(/^[0-9]{6,8}$/) },
    { requiredKeys: ['tenant', 'user', 'target'] },
  ),
)

describe('a login name', () => {
  it.each(golden)('%s says who and where', (text, login) => {
    expect(parseLoginName(text)).toEqual({ ok: true, login })
  })

  it.each(hostile)('is refused when it is %j', text => {
    expect(parseLoginName(text)).toMatchObject({ ok: false })
  })

  it('survives being written and read again', () => {
    fc.assert(
      fc.property(loginNames, login => {
        expect(parseLoginName(formatLoginName(login))).toEqual({ ok: true, login })
      }),
      { numRuns: 1_000 },
    )
  })

  it('never throws, and never lets a control character, quote or leading dash through', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...'[]@\\/-%\'"`$;|&<>\n\r\0\u001b: ='.split('')),
        fc.constantFrom('alice', 'root', 'web-1', '[root@web-1]'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
      maxLength: 40,
    })
    fc.assert(
      fc.property(nasty, text => {
        const parsed = parseLoginName(text)
        if (!parsed.ok) return
        const { tenant, user, target } = parsed.login
        const parts = [tenant, user, ...(target ? Object.values(target) : [])]
        for (const part of parts)
          expect(part).toMatch(/^[^-\p{C}\s'"`%;|&<>[\]/=][^\p{C}\s'"`%;|&<>[\]/=]*$/u)
      }),
      { numRuns: 3_000 },
    )
  })
})
