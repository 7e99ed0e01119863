import { randomUUID } from 'node:crypto'
import { SecretKind, VersionState } from '@sallyport/contracts/vault/v1/inventory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type GrantTarget,
  makeCredential,
  makeTarget,
  present,
  reason,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest()
})
afterAll(() => vault[Symbol.asyncDispose]())

const statementFor = async (target: GrantTarget, operationId: string): Promise<string> => {
  const subject = { kind: 'operation', id: operationId, name: 'change password' } as const
  return (await vault.grant(target, { action: 'rotate', subject })).statement
}
const begin = async (
  target: GrantTarget,
  operationId: string,
  fencingToken = 1n,
  privilegedStatement = '',
) => {
  const statement = await statementFor(target, operationId)
  const request = { statement, operationId, fencingToken, privilegedStatement }
  return vault.as('execution').rotations.beginRotation(request)
}
const end = ({ caller }: GrantTarget, operationId: string, fencingToken = 1n) => ({
  tenantId: caller.tenantId,
  operationId,
  fencingToken,
})
const read = async ({ caller, credential }: GrantTarget) => {
  const options = await vault.token(caller)
  return present(
    (await vault.as('gateway').credentials.getCredential({ id: credential.id }, options)).credential,
  )
}
const currentSecret = async (target: GrantTarget): Promise<string> => {
  const grant = await vault.grant(target, { action: 'session' })
  return (await vault.as('session-proxy').secrets.releaseSecret(grant)).secret.toString()
}

describe('a rotation', () => {
  test('seals a candidate, gives both secrets, and makes the proved one current', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    const begun = await begin(target, operationId)
    expect(begun).toMatchObject({ candidateNumber: 2, resumed: false, endpoint: { port: 22 } })
    expect(begun.current.toString()).toBe('first-secret')
    expect(begun.candidate.toString()).toMatch(/^[\x21-\x7e]{24}$/)
    await expect(currentSecret(target)).rejects.toEqual(reason('rotation.in_progress'))
    const { rotations } = vault.as('execution')
    expect(await rotations.promoteCandidate(end(target, operationId))).toEqual({ currentVersion: 2 })
    expect(await rotations.promoteCandidate(end(target, operationId))).toEqual({ currentVersion: 2 })
    expect(await currentSecret(target)).toBe(begun.candidate.toString())
    expect(await read(target)).toMatchObject({ currentVersion: 2, exposedSince: undefined })
    await expect(rotations.abandonCandidate(end(target, operationId))).rejects.toEqual(
      reason('rotation.ended'),
    )
  })

  test('goes on with the same candidate after a crash, whoever comes next', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    const first = await begin(target, operationId)
    await vault.restart()
    const second = await begin(target, operationId, 2n)
    expect(second).toMatchObject({ resumed: true, candidateNumber: first.candidateNumber })
    expect(second.candidate).toEqual(first.candidate)
  })

  test('refuses an attempt that was overtaken, whatever it does', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    await begin(target, operationId, 1n)
    await begin(target, operationId, 2n)
    const { rotations } = vault.as('execution')
    const fenced = reason('rotation.fenced')
    await expect(begin(target, operationId, 1n)).rejects.toEqual(fenced)
    await expect(rotations.promoteCandidate(end(target, operationId, 1n))).rejects.toEqual(fenced)
    await expect(rotations.abandonCandidate(end(target, operationId, 1n))).rejects.toEqual(fenced)
    await rotations.promoteCandidate(end(target, operationId, 2n))
  })

  test('makes one candidate however many attempts begin at once', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    const answers = await Promise.all(Array.from({ length: 4 }, () => begin(target, operationId)))
    expect(new Set(answers.map(({ candidate }) => candidate.toString())).size).toBe(1)
    expect(answers.filter(({ resumed }) => !resumed)).toHaveLength(1)
  })

  test('keeps other operations, a new secret and deletion away until it has ended', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    await begin(target, operationId)
    const busy = reason('rotation.in_progress')
    await expect(begin(target, randomUUID())).rejects.toEqual(busy)
    const { credentials } = vault.as('gateway')
    const { id, version } = target.credential
    const options = await vault.token(target.caller)
    await expect(credentials.setSecret({ id, version, secret: Buffer.from('x') }, options)).rejects.toEqual(
      busy,
    )
    await expect(credentials.deleteCredential({ id, version }, options)).rejects.toEqual(busy)
    await vault.as('execution').rotations.abandonCandidate(end(target, operationId))
    await vault.as('execution').rotations.abandonCandidate(end(target, operationId))
    expect(await currentSecret(target)).toBe('first-secret')
    expect((await begin(target, randomUUID())).candidateNumber).toBe(3)
    const { versions } = await credentials.listVersions({ credentialId: id, page: undefined }, options)
    expect(versions.map(({ state }) => state)).toEqual([
      VersionState.CANDIDATE,
      VersionState.ABANDONED,
      VersionState.CURRENT,
    ])
  })

  test('that is stuck lets sessions in again, and a person say what the secret is', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    const begun = await begin(target, operationId)
    await vault.database.adminPool.query(
      `update vault.rotations set started_at = started_at - interval '10 minutes' where operation_id = $1`,
      [operationId],
    )
    expect(await currentSecret(target)).toBe('first-secret')
    const { credentials } = vault.as('gateway')
    const { id, version } = target.credential
    const secret = Buffer.from('set by hand')
    await credentials.setSecret({ id, version, secret }, await vault.token(target.caller))
    expect(await currentSecret(target)).toBe('set by hand')
    const late = vault.as('execution').rotations.promoteCandidate(end(target, operationId))
    await expect(late).rejects.toEqual(reason('rotation.ended'))
    const options = await vault.token(target.caller)
    const { versions } = await credentials.listVersions({ credentialId: id, page: undefined }, options)
    expect(versions.find(({ number }) => number === begun.candidateNumber)?.state).toBe(
      VersionState.ABANDONED,
    )
  })

  test('gives the privileged account’s secret against a grant of its own', async () => {
    const target = await makeTarget(vault, { secret: '' })
    const root = await makeCredential(vault, target.caller, target.device, { secret: 'root-secret' })
    const operationId = randomUUID()
    const privileged = await statementFor({ ...target, credential: root }, operationId)
    await expect(begin(target, operationId)).rejects.toEqual(reason('credential.no_secret'))
    const begun = await begin(target, operationId, 1n, privileged)
    expect(begun).toMatchObject({ privilegedUsername: root.username, candidateNumber: 1 })
    expect(begun.privilegedSecret.toString()).toBe('root-secret')
    expect(begun.current).toHaveLength(0)
    await expect(begin(target, operationId, 1n, privileged)).rejects.toEqual(reason('grant.used'))
  })

  test('takes a grant for this very operation', async () => {
    const target = await makeTarget(vault)
    const statement = await statementFor(target, randomUUID())
    const request = { statement, operationId: randomUUID(), fencingToken: 1n, privilegedStatement: '' }
    const { rotations } = vault.as('execution')
    await expect(rotations.beginRotation(request)).rejects.toEqual(reason('grant.invalid'))
    await expect(vault.as('session-proxy').rotations.beginRotation(request)).rejects.toEqual(
      reason('service.not_allowed'),
    )
    await expect(rotations.promoteCandidate(end(target, randomUUID()))).rejects.toEqual(
      reason('rotation.not_found'),
    )
  })

  test('of an SSH key is not done yet, and says so', async () => {
    const target = await makeTarget(vault, { secretKind: SecretKind.SSH_KEY, secret: '' })
    await expect(begin(target, randomUUID())).rejects.toEqual(reason('rotation.unsupported'))
  })

  test('makes passwords by the credential’s strength profile', async () => {
    const { caller, device } = await makeTarget(vault)
    const rules = { length: 16, minUpper: 0, minLower: 0, minDigits: 0, minSymbols: 0, forbidden: '' }
    const symbols = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
    const profile = { name: 'plain', rules: { ...rules, forbidden: symbols } }
    const options = await vault.token(caller)
    const { strengthProfile } = await vault.as('gateway').profiles.createStrengthProfile(profile, options)
    const credential = await makeCredential(vault, caller, device, {
      strengthProfileId: present(strengthProfile).id,
    })
    const { candidate } = await begin({ caller, device, credential }, randomUUID())
    expect(candidate.toString()).toMatch(/^[A-Za-z0-9]{16}$/)
  })

  test('whose promotion fails in the middle leaves everything as it was', async () => {
    const target = await makeTarget(vault)
    const operationId = randomUUID()
    const begun = await begin(target, operationId)
    await vault.database.ownerPool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
      create trigger refuse before update on rotations for each row when (new.state = 'promoted') execute function refuse()`)
    const { rotations } = vault.as('execution')
    await expect(rotations.promoteCandidate(end(target, operationId))).rejects.toEqual(reason('internal'))
    await vault.database.ownerPool.query('drop trigger refuse on rotations; drop function refuse')
    const resumed = await begin(target, operationId, 2n)
    expect(resumed.current.toString()).toBe('first-secret')
    expect(resumed.candidate).toEqual(begun.candidate)
    await rotations.promoteCandidate(end(target, operationId, 2n))
    expect(await currentSecret(target)).toBe(begun.candidate.toString())
  })
})
