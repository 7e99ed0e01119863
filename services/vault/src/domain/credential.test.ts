import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CredentialInput, credentialTypes, criteriaDiffer, parseCredential } from './credential.ts'
import { checkSecretMaterial, type SecretKind } from './secret-material.ts'

const invalid = expect.objectContaining({ reason: 'request.invalid' })
const id = '01900000-0000-7000-8000-000000000001'
const input: CredentialInput = {
  username: 'root',
  domain: '',
  type: 'local-admin',
  secretKind: 'password',
  deviceIds: [id],
  tags: [],
  criticality: 'high',
  notes: '',
  ownerUserId: '',
  parentCredentialId: '',
  strengthProfileId: '',
  exclusiveCustody: false,
}

describe('a credential', () => {
  test('of a directory has a domain and a password; any other may be either kind', () => {
    for (const type of credentialTypes)
      for (const secretKind of ['password', 'ssh-key'] satisfies SecretKind[])
        for (const domain of ['', 'EXAMPLE']) {
          const legal = !type.startsWith('domain-') || (secretKind === 'password' && domain !== '')
          const parse = (): unknown => parseCredential({ ...input, type, secretKind, domain })
          if (legal) expect(parse()).toMatchObject({ type, secretKind, domain })
          else expect(parse, `${type} ${secretKind} ${domain}`).toThrow(invalid)
        }
  })

  test.each<Partial<CredentialInput>>([
    { username: '' },
    { username: '-rf' },
    { username: 'a,b' },
    { username: 'root]' },
    { username: 'a\nb' },
    { type: 'admin' },
    { deviceIds: ['1'] },
    { ownerUserId: 'alice' },
  ])('is refused with %j', changes => {
    expect(() => parseCredential({ ...input, ...changes })).toThrow(invalid)
  })

  test('keeps the case of its username, which targets tell apart', () => {
    expect(parseCredential({ ...input, username: 'Root' }).username).toBe('Root')
  })

  test('has each device once, and no id where none was given', () => {
    const parsed = parseCredential({ ...input, deviceIds: [id, id.toUpperCase()] })
    expect(parsed.deviceIds).toEqual([id])
    expect(parsed.ownerUserId).toBeUndefined()
  })

  test('differs for criteria when anything that they look at differs', () => {
    const credential = parseCredential(input)
    expect(criteriaDiffer(credential, parseCredential({ ...input, notes: 'n' }))).toBe(false)
    const changes: Partial<CredentialInput>[] = [
      { username: 'x' },
      { domain: 'x' },
      { type: 'local-user' },
      { criticality: 'low' },
      { tags: ['x'] },
      { deviceIds: [] },
    ]
    for (const change of changes)
      expect(criteriaDiffer(credential, parseCredential({ ...input, ...change }))).toBe(true)
  })
})

describe('a password', () => {
  const check = (text: string): void => checkSecretMaterial('password', Buffer.from(text))

  test('may be 1,024 characters of any Unicode', () => {
    check('👩'.repeat(1024))
    expect(() => check('👩'.repeat(1025))).toThrow(invalid)
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 1024 }).filter(text => !text.includes('\0')),
        check,
      ),
    )
  })

  test('is refused when it is not UTF-8 or contains NUL, without being quoted', () => {
    for (const bytes of [
      Buffer.from([0xff]),
      Buffer.from('CANARY\xffx', 'latin1'),
      Buffer.from('CANARY\0'),
    ]) {
      expect(() => checkSecretMaterial('password', bytes)).toThrow(invalid)
      expect(() => checkSecretMaterial('password', bytes)).not.toThrow('CANARY')
    }
  })
})

describe('an SSH key', () => {
  const check = (text: string): void => checkSecretMaterial('ssh-key', Buffer.from(text))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const openSsh = (cipher: string): string => {
    const length = Buffer.from([0, 0, 0, cipher.length])
    const body = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      length,
      Buffer.from(cipher),
      Buffer.alloc(80),
    ])
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
  }

  test('may be in OpenSSH or PEM format', () => {
    check(openSsh('none'))
    check(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    check(privateKey.export({ type: 'sec1', format: 'pem' }).toString())
  })

  test('is refused with a passphrase, or when it is something else', () => {
    const protectedKey = { cipher: 'aes-256-cbc', passphrase: 'p', format: 'pem' } as const
    const refused = [
      '',
      'hunter2',
      openSsh('aes256-ctr'),
      privateKey.export({ ...protectedKey, type: 'pkcs8' }).toString(),
      privateKey.export({ ...protectedKey, type: 'sec1' }).toString(),
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
      '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n',
      `${openSsh('none')}trailing`,
    ]
    for (const text of refused) expect(() => check(text), text.slice(0, 40)).toThrow(invalid)
  })
})
