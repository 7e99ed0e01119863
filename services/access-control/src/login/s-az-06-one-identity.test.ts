import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInRoles, refuseBuiltInName } from '../domain/roles.ts'
import { loginUserName, newUserName } from '../domain/user-name.ts'
import type { Tenant } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import { accountOf } from './account.ts'

const tenant = (name: string, operator: boolean): Tenant => ({
  id: name,
  name,
  description: '',
  disabled: false,
  operator,
  version: 1,
  createdAt: new Date(0),
})

const tenants = [tenant('default', true), tenant('acme', false)]

// The one query that counting needs; the test below is about names, not about PostgreSQL.
const store = { platform: { tenant: { findMany: async () => tenants } } } as unknown as Store

const counterOf = async (userName: string, tenantName = 'acme') => {
  const attempt = { tenant: tenantName, userName, sourceAddress: '192.0.2.1', channel: 'web' } as const
  return (await accountOf(store, attempt)).counter
}

/** Other ways to write a letter that mean the same letter. */
const waysOf = (letter: string): string[] => {
  const upper = letter.toUpperCase()
  const at = letter.charCodeAt(0) - 97
  // Fullwidth, and the mathematical alphabets that have no holes: bold, sans-serif, monospace.
  const starts = [0xff21, 0xff41, 0x1d400, 0x1d41a, 0x1d5a0, 0x1d5ba, 0x1d670, 0x1d68a]
  const circled = String.fromCodePoint(0x24d0 + at)
  return [letter, upper, circled, ...starts.map(start => String.fromCodePoint(start + at))]
}

const names = fc.stringMatching(/^[a-z]{3,12}$/)
const spelled = names.chain(name =>
  fc
    .tuple(...Array.from(name, letter => fc.constantFrom(...waysOf(letter))))
    .map(letters => ({ name, spelling: letters.join('') })),
)

/** Letters of other scripts that look like Latin ones. */
const lookalikes: Readonly<Record<string, string>> = {
  // Cyrillic, Greek, Armenian, Cherokee, Lisu, Coptic
  a: '\u0430\u03b1\u13aa\ua4ee',
  c: '\u0441\u03f2\u13df\ua4da\u2ca5',
  e: '\u0435\u13ac\ua4f0',
  i: '\u0456\u03b9\u13a5',
  o: '\u043e\u03bf\u0585\ua4f3\u2c9f',
  p: '\u0440\u03c1\u13e2\ua4d1',
  u: '\u03c5\u057d\ua4f4',
  y: '\u0443\u03b3\u13a9',
}

const decorations = [
  ' ',
  '\u00a0',
  '\t',
  '\u200b',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '.',
  '\0',
  '\u202e',
  '\u0301',
]

const isRefused = (text: string): boolean => {
  try {
    newUserName(text)
    return false
  } catch {
    return true
  }
}

const variants = counted(10_000)

describe('S-AZ-06: an identity has one form', () => {
  it('in every case, width and compatibility form: one name, one counter of failures', async () => {
    await fc.assert(
      fc.asyncProperty(spelled, async ({ name, spelling }) => {
        expect(loginUserName(spelling)).toBe(name)
        expect(newUserName(`${spelling}1`)).toBe(`${name}1`)
        expect(await counterOf(spelling)).toEqual(await counterOf(name))
        expect(await counterOf(spelling, 'ACME')).toEqual(await counterOf(name))
      }),
      { numRuns: variants },
    )
  })

  it('composed and decomposed: one name', () => {
    const letters = fc.constantFrom('é', 'ü', 'å', 'ñ', 'ő', 'š', 'a', 'b')
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 8 }), given => {
        const name = given.join('')
        const forms = (['NFC', 'NFD', 'NFKC', 'NFKD'] as const).map(form => name.normalize(form))
        expect(new Set(forms.map(newUserName))).toEqual(new Set([name]))
      }),
      { numRuns: variants },
    )
  })

  it('and no space, dot, invisible mark or look-alike makes a second one', async () => {
    const decorated = fc.record({
      name: names,
      mark: fc.constantFrom(...decorations),
      place: fc.constantFrom('before', 'after'),
    })
    await fc.assert(
      fc.asyncProperty(decorated, async ({ name, mark, place }) => {
        const text = place === 'before' ? mark + name : name + mark
        const form = loginUserName(text)
        // A name that is written with an accent is another name, and says so to everybody who can read.
        if (form?.normalize('NFD') === text) expect(form).not.toBe(name)
        else expect(isRefused(text) || newUserName(text) === name).toBe(true)
        if (form === undefined) expect((await counterOf(text)).key).toMatch(/^\?/)
      }),
      { numRuns: variants },
    )
    for (const [latin, others] of Object.entries(lookalikes)) {
      expect(isRefused(`b${latin}r`)).toBe(false)
      for (const other of others) expect(isRefused(`b${other}r`), `b${other}r for b${latin}r`).toBe(true)
    }
  })

  it('and reserved names and built-in roles are reserved in every form', () => {
    const reserved = ['root', 'system', 'sallyport', 'anonymous', 'nobody', 'service']
    const anyForm = (name: string): fc.Arbitrary<string> =>
      fc
        .tuple(...Array.from(name, letter => fc.constantFrom(...waysOf(letter))))
        .map(letters => letters.join(''))
    fc.assert(
      fc.property(fc.constantFrom(...reserved).chain(anyForm), text => isRefused(text)),
      { numRuns: variants },
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(builtInRoles)).chain(anyForm), text => {
        expect(() => refuseBuiltInName(text)).toThrow(expect.objectContaining({ reason: 'role.name_taken' }))
      }),
      { numRuns: variants },
    )
    figure('S-AZ-06', `${5 * variants} variants of names, none a second identity`)
  })
})
