import { randomUUID } from 'node:crypto'
import { Criticality, SecretKind } from '@sallyport/contracts/vault/v1/inventory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  makeCredential,
  makeDevice,
  makeTarget,
  newUser,
  present,
  reason,
  someHostKey,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest()
})
afterAll(() => vault[Symbol.asyncDispose]())

describe('devices', () => {
  test('are created, read, listed, changed and deleted, each with its audit event', async () => {
    const caller = newUser()
    const options = await vault.token(caller)
    const { devices } = vault.as('gateway')
    const device = await makeDevice(vault, caller)
    expect((await devices.getDevice({ id: device.id }, options)).device).toEqual(device)
    const changed = await devices.updateDevice(
      { id: device.id, version: device.version, site: 'Vienna' },
      options,
    )
    expect(changed.device).toMatchObject({
      site: 'Vienna',
      version: device.version + 1,
      hostKeys: device.hostKeys,
    })
    const list = { page: undefined, search: 'WEB', tag: 'Prod', type: '', site: 'Vienna' }
    expect((await devices.listDevices(list, options)).devices).toEqual([changed.device])
    await devices.deleteDevice({ id: device.id, version: device.version + 1 }, options)
    await expect(devices.getDevice({ id: device.id }, options)).rejects.toEqual(reason('device.not_found'))
    const codes = (await vault.audit())
      .filter(event => event.tenantId === caller.tenantId)
      .map(({ code }) => code)
    expect(codes).toEqual([
      'device.created',
      'device.updated',
      'device.host_key_pinned',
      'device.updated',
      'device.deleted',
    ])
  })

  test('lose their pinned host keys when they move to another address', async () => {
    const caller = newUser()
    const device = await makeDevice(vault, caller)
    const moved = { id: device.id, version: device.version, address: '127.0.0.2' }
    const { device: after } = await vault.as('gateway').devices.updateDevice(moved, await vault.token(caller))
    expect(after?.hostKeys).toEqual([])
    const unpinned = (await vault.audit('device.host_key_unpinned')).filter(
      ({ target }) => target?.id === device.id,
    )
    expect(unpinned).toHaveLength(1)
  })

  test('are not changed by somebody who read an older version', async () => {
    const caller = newUser()
    const device = await makeDevice(vault, caller)
    const { devices } = vault.as('gateway')
    const options = await vault.token(caller)
    const stale = { id: device.id, version: device.version - 1 }
    await expect(devices.updateDevice({ ...stale, site: 'x' }, options)).rejects.toEqual(
      reason('version.conflict'),
    )
    await expect(devices.deleteDevice(stale, options)).rejects.toEqual(reason('version.conflict'))
    const pin = { ...stale, port: 22, publicKeys: [someHostKey()] }
    await expect(devices.pinHostKeys(pin, options)).rejects.toEqual(reason('version.conflict'))
  })

  test('have names that differ in more than case, and stay while a credential is valid on them', async () => {
    const { caller, device } = await makeTarget(vault)
    const { devices } = vault.as('gateway')
    const options = await vault.token(caller)
    const again = { ...device, name: device.name.toUpperCase() }
    await expect(devices.createDevice(again, options)).rejects.toEqual(reason('device.name_taken'))
    const gone = devices.deleteDevice({ id: device.id, version: device.version }, options)
    await expect(gone).rejects.toEqual(reason('device.in_use'))
  })

  test('come page by page, each once', async () => {
    const caller = newUser()
    for (let count = 0; count < 5; count += 1) await makeDevice(vault, caller, false)
    const seen: string[] = []
    let cursor = ''
    do {
      const request = { page: { size: 2, cursor }, search: '', tag: '', type: '', site: '' }
      const answer = await vault.as('gateway').devices.listDevices(request, await vault.token(caller))
      seen.push(...answer.devices.map(({ id }) => id))
      cursor = present(answer.page).nextCursor
    } while (cursor !== '')
    expect(new Set(seen).size).toBe(5)
    expect(seen).toHaveLength(5)
  })
})

describe('a repeated call with one Idempotency-Key', () => {
  const request = (username: string, secret: string) => ({
    username,
    domain: '',
    type: 'local-user',
    secretKind: SecretKind.PASSWORD,
    deviceIds: [],
    tags: [],
    criticality: Criticality.LOW,
    notes: '',
    ownerUserId: '',
    parentCredentialId: '',
    strengthProfileId: '',
    exclusiveCustody: false,
    secret: Buffer.from(secret),
  })

  test('makes one credential, gives the same answer, and is refused for another request', async () => {
    const caller = newUser()
    const options = { ...(await vault.token(caller)), idempotencyKey: randomUUID() }
    const { credentials } = vault.as('gateway')
    const first = await credentials.createCredential(request('deploy', 'secret-one'), options)
    expect(await credentials.createCredential(request('deploy', 'secret-one'), options)).toEqual(first)
    const other = credentials.createCredential(request('deploy', 'secret-two'), options)
    await expect(other).rejects.toEqual(reason('idempotency.conflict'))
    const list = { page: undefined, search: '', deviceId: '', tag: '', type: '' }
    expect((await credentials.listCredentials(list, options)).credentials).toHaveLength(1)
  })
})

describe('credentials', () => {
  test('keep each version of their secret, and say which is current', async () => {
    const { caller, credential } = await makeTarget(vault)
    const { credentials } = vault.as('gateway')
    const options = await vault.token(caller)
    const set = { id: credential.id, version: credential.version, secret: Buffer.from('second-secret') }
    const { credential: after } = await credentials.setSecret(set, options)
    expect(after).toMatchObject({
      currentVersion: 2,
      version: credential.version + 1,
      exposedSince: undefined,
    })
    const { versions } = await credentials.listVersions(
      { credentialId: credential.id, page: undefined },
      options,
    )
    expect(versions.map(({ number, state }) => [number, state])).toEqual([
      [2, 2],
      [1, 3],
    ])
    await expect(credentials.setSecret(set, options)).rejects.toEqual(reason('version.conflict'))
  })

  test('are one for an account of a kind on a device', async () => {
    const { caller, credential, device } = await makeTarget(vault)
    const again = makeCredential(vault, caller, device, { username: credential.username })
    await expect(again).rejects.toEqual(reason('credential.duplicate'))
    await makeCredential(vault, caller, device, {
      username: credential.username,
      secretKind: SecretKind.SSH_KEY,
      secret: '',
    })
  })

  test('tell access-control when criteria may match differently, or they are gone', async () => {
    const { caller, credential } = await makeTarget(vault)
    const { credentials } = vault.as('gateway')
    const options = await vault.token(caller)
    const notes = { id: credential.id, version: 1, notes: 'harmless' }
    await credentials.updateCredential(notes, options)
    await credentials.updateCredential({ id: credential.id, version: 2, tags: { values: ['db'] } }, options)
    await credentials.deleteCredential({ id: credential.id, version: 3 }, options)
    const { rows } = await vault.database.adminPool.query(
      "select 1 from vault.outbox where type = 'TargetsChanged' and key = $1",
      [credential.id],
    )
    const published = vault.driver.published.filter(
      ({ key, type }) => key === credential.id && type === 'TargetsChanged',
    )
    expect(rows.length + published.length).toBe(2)
  })

  test('are found by the names that a person types', async () => {
    const { caller, credential, device } = await makeTarget(vault)
    const { targets } = vault.as('access-control')
    const { tenantId } = caller
    const named = { tenantId, username: credential.username, domain: '', device: device.name.toUpperCase() }
    const found = await targets.findTargets(named)
    expect(found.targets).toMatchObject([
      { credentialId: credential.id, deviceId: device.id, deviceTags: ['prod'] },
    ])
    expect((await targets.findTargets({ ...named, device: '127.0.0.1' })).targets).toHaveLength(1)
    expect((await targets.findTargets({ ...named, username: '%' })).targets).toEqual([])
    expect((await targets.findTargets({ ...named, device: 'a\0b' })).targets).toEqual([])
    const page = await targets.listTargets({
      tenantId,
      page: { size: 1, cursor: '' },
      search: credential.username,
    })
    expect(page.targets).toEqual(found.targets)
    const ids = { tenantId, credentialId: credential.id, deviceId: device.id }
    expect((await targets.getTarget(ids)).target).toEqual(found.targets[0])
  })
})

describe('strength profiles', () => {
  test('say how strong their passwords are, and stay while a credential uses them', async () => {
    const caller = newUser()
    const options = await vault.token(caller)
    const { profiles } = vault.as('gateway')
    const rules = { length: 12, minUpper: 1, minLower: 1, minDigits: 1, minSymbols: 1, forbidden: `"'` }
    const { strengthProfile } = await profiles.createStrengthProfile({ name: 'Legacy', rules }, options)
    const profile = present(strengthProfile)
    expect(profile.entropyBits).toBeGreaterThan(70)
    const device = await makeDevice(vault, caller)
    await makeCredential(vault, caller, device, { strengthProfileId: profile.id })
    const longer = { id: profile.id, version: 1, rules: { ...rules, length: 20 } }
    expect((await profiles.updateStrengthProfile(longer, options)).strengthProfile?.rules?.length).toBe(20)
    const gone = profiles.deleteStrengthProfile({ id: profile.id, version: 2 }, options)
    await expect(gone).rejects.toEqual(reason('strength_profile.in_use'))
  })
})

describe('another tenant', () => {
  test('finds nothing of ours by id, and changes nothing', async () => {
    const ours = await makeTarget(vault)
    const theirs = newUser()
    const options = await vault.token(theirs)
    const { devices, credentials } = vault.as('gateway')
    const [device, credential] = [ours.device, ours.credential]
    const noDevice = reason('device.not_found')
    const noCredential = reason('credential.not_found')
    await expect(devices.getDevice({ id: device.id }, options)).rejects.toEqual(noDevice)
    await expect(
      devices.updateDevice({ ...device, tags: undefined, connectivities: undefined }, options),
    ).rejects.toEqual(noDevice)
    await expect(devices.deleteDevice(device, options)).rejects.toEqual(noDevice)
    await expect(makeCredential(vault, theirs, device)).rejects.toEqual(noDevice)
    await expect(credentials.getCredential({ id: credential.id }, options)).rejects.toEqual(noCredential)
    await expect(credentials.deleteCredential(credential, options)).rejects.toEqual(noCredential)
    const set = { id: credential.id, version: 1, secret: Buffer.from('stolen') }
    await expect(credentials.setSecret(set, options)).rejects.toEqual(noCredential)
    const versions = credentials.listVersions({ credentialId: credential.id, page: undefined }, options)
    await expect(versions).rejects.toEqual(noCredential)
  })

  test('is invisible to the database role itself, and without a tenant there are no rows', async () => {
    const { caller } = await makeTarget(vault)
    const { rows: tables } = await vault.database.ownerPool.query<{ name: string }>(
      "select table_name as name from information_schema.columns where table_schema = 'vault' and column_name = 'tenant_id' and table_name not in ('outbox', 'dead_letters')",
    )
    expect(tables.length).toBeGreaterThan(12)
    for (const { name } of tables) {
      const { rows } = await vault.database.appPool.query(`select from ${name}`)
      expect(rows, name).toEqual([])
    }
    await using client = await borrow(vault)
    await client.query("select set_config('app.tenant_id', $1, false)", [randomUUID()])
    expect((await client.query('select from credentials')).rows).toEqual([])
    await client.query("select set_config('app.tenant_id', $1, false)", [caller.tenantId])
    expect((await client.query('select from credentials')).rows).toHaveLength(1)
  })
})

const borrow = async ({ database }: VaultUnderTest) => {
  const client = await database.appPool.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: async () => client.release(true) })
}
