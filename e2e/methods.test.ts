import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catalogue } from '@sallyport/audit-events/catalogue'
import { isPermission } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import { expect, test } from 'vitest'
import { declaredMethods } from './support/method-tables.ts'

const protos = join(import.meta.dirname, '../proto/sallyport')

/** `SecretService/ReleaseSecret` for each RPC of the contracts. */
const contractedMethods = async (): Promise<string[]> => {
  const files = (await readdir(protos, { recursive: true })).filter(file => file.endsWith('.proto'))
  const texts = await Promise.all(files.map(file => readFile(join(protos, file), 'utf8')))
  return texts.flatMap(text =>
    text
      .split(/^service /m)
      .slice(1)
      .flatMap(part => {
        const service = /^\w+/.exec(part)?.[0]
        return [...part.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, method]) => `${service}/${method}`)
      }),
  )
}

test('every RPC of the contracts has a row, and every row an RPC', async () => {
  expect(declaredMethods.map(({ name }) => name).toSorted()).toEqual((await contractedMethods()).toSorted())
})

test.each(declaredMethods)(
  '$name says who may call it, what that takes, and what it leaves in the trail',
  row => {
    const { name, service, callers, permission, rate, audit } = row
    expect(callers).not.toEqual([])
    // What one replica alone has is asked of that one, and that is a live session.
    expect(callers.includes(service)).toBe(name === 'SessionService/WatchSession')
    expect(['service', 'signed-in'].includes(permission) || isPermission(permission)).toBe(true)
    expect(audit === 'none' || Object.hasOwn(catalogue, audit)).toBe(true)
    expect(['read', 'write', 'login', 'secret', 'internal']).toContain(rate)
  },
)

// INVARIANT: a longer list here is a wider door. Each of these gives a secret, a right or an identity.
test.each<[string, readonly ServiceName[]]>([
  ['AuthenticationService/BeginPublicKeyLogin', ['session-proxy']],
  ['AuthenticationService/Authenticate', ['gateway', 'session-proxy']],
  ['GrantService/IssueGrant', ['gateway', 'session-proxy']],
  ['GrantService/IssueOperationGrant', ['execution']],
  ['SecretService/ReleaseSecret', ['session-proxy']],
  ['SecretService/CreateRevealTicket', ['gateway']],
  ['SecretService/RedeemRevealTicket', ['gateway']],
  ['RotationService/BeginRotation', ['execution']],
  ['RotationService/PromoteCandidate', ['execution']],
  ['RotationService/AbandonCandidate', ['execution']],
  ['KeyService/StartKeyRotation', ['gateway']],
])('%s is for %s only', (name, callers) => {
  expect(declaredMethods.find(row => row.name === name)?.callers).toEqual(callers)
})

test('a service asks vault and access-control for others only what its work needs', () => {
  const calls = (caller: ServiceName): string[] =>
    declaredMethods.filter(({ callers }) => callers.includes(caller)).map(({ name }) => name)
  expect(calls('audit')).toEqual(['AuthenticationService/GetVerificationKeys'])
  expect(calls('access-control')).toEqual([
    'TargetService/GetTarget',
    'TargetService/FindTargets',
    'TargetService/ListTargets',
  ])
  expect(calls('vault')).toEqual([
    'AuthenticationService/GetVerificationKeys',
    'GrantService/WatchRevocations',
    'GrantService/CheckGrants',
  ])
  expect(calls('execution')).toEqual([
    'AuthenticationService/GetVerificationKeys',
    'GrantService/IssueOperationGrant',
    'GrantService/WatchRevocations',
    'GrantService/CheckGrants',
    'DeviceService/GetDevice',
    'CredentialService/GetCredential',
    'TargetService/GetTarget',
    'RotationService/BeginRotation',
    'RotationService/PromoteCandidate',
    'RotationService/AbandonCandidate',
  ])
})

test('the gateway calls nothing without a person, except to sign one in and to share its counts', () => {
  const alone = declaredMethods.filter(row => row.permission === 'service' && row.callers.includes('gateway'))
  expect(alone.map(({ name }) => name)).toEqual([
    'AuthenticationService/BeginLogin',
    'AuthenticationService/ContinueLogin',
    'AuthenticationService/Authenticate',
    'AuthenticationService/GetVerificationKeys',
    'AuthenticationService/ShareCounts',
  ])
})

test('whatever writes leaves a trace, unless somebody else leaves it', () => {
  const traceless = declaredMethods.filter(
    row => row.audit === 'none' && !['read', 'internal'].includes(row.rate),
  )
  // These write what happened themselves: a login has as many outcomes as there are people.
  expect(traceless.map(({ name }) => name)).toEqual([
    'AuthenticationService/BeginLogin',
    'AuthenticationService/BeginPublicKeyLogin',
    'AuthenticationService/ContinueLogin',
  ])
})
