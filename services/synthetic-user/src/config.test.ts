import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type Environment } from '@sallyport/config/reader'
import { afterAll, describe, expect, it } from 'vitest'
import { readSyntheticUserConfig } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-synthetic-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'secret')
writeFileSync(file, 'x')

const hostKey = `ssh-ed25519 ${'A'.repeat(68)}`
const good: Environment = {
  SALLYPORT_SYNTHETIC_API_URL: 'https://sallyport.example',
  SALLYPORT_SYNTHETIC_SSH_HOST: 'ssh.sallyport.example',
  SALLYPORT_SYNTHETIC_SSH_HOST_KEY: hostKey,
  SALLYPORT_SYNTHETIC_USER_NAME: 'synthetic-user',
  SALLYPORT_SYNTHETIC_USER_PASSWORD_FILE: file,
  SALLYPORT_SYNTHETIC_USER_TOTP_FILE: file,
  SALLYPORT_SYNTHETIC_APPROVER_NAME: 'synthetic-approver',
  SALLYPORT_SYNTHETIC_APPROVER_PASSWORD_FILE: file,
  SALLYPORT_SYNTHETIC_APPROVER_TOTP_FILE: file,
  SALLYPORT_SYNTHETIC_TARGET: 'synthetic@web-1',
}

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    readSyntheticUserConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('the configuration of the synthetic user', () => {
  it('needs the doors, two accounts and a target, and runs each minute', () => {
    expect(readSyntheticUserConfig(good)).toMatchObject({
      apiUrl: 'https://sallyport.example',
      ssh: { host: 'ssh.sallyport.example', port: 22, hostKey },
      tenant: 'default',
      everySeconds: 60,
      revealed: undefined,
      tlsAuthority: undefined,
    })
  })

  it('complains of everything that is missing, at once', () => {
    const named = problemsOf({}).map(problem => problem.replace(/ .*$/, ''))
    expect(new Set(named)).toEqual(new Set(Object.keys(good)))
  })

  it.each([
    ['an address with a path', { SALLYPORT_SYNTHETIC_API_URL: 'https://sallyport.example/v1' }],
    ['an address with a password', { SALLYPORT_SYNTHETIC_API_URL: 'https://a:b@sallyport.example' }],
    ['an address that is none', { SALLYPORT_SYNTHETIC_API_URL: 'file:///etc/passwd' }],
    ['a fingerprint for a host key', { SALLYPORT_SYNTHETIC_SSH_HOST_KEY: 'SHA256:abc' }],
    ['runs that need more codes than there are', { SALLYPORT_SYNTHETIC_EVERY_SECONDS: '30' }],
    ['a credential without its device', { SALLYPORT_SYNTHETIC_REVEAL_CREDENTIAL_ID: 'x' }],
    ['a file that is not there', { SALLYPORT_SYNTHETIC_USER_TOTP_FILE: '/nowhere' }],
  ])('refuses %s', (_title, wrong) => {
    expect(problemsOf({ ...good, ...wrong })).toHaveLength(1)
  })
})
