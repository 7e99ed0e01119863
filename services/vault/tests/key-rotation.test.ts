import { randomUUID } from 'node:crypto'
import { KeyRotationState, KeyScope } from '@sallyport/contracts/vault/v1/secrets'
import type { Caller } from '@sallyport/identity/caller-token'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rewrapBatch } from '../src/background/rotate-tenant-key.ts'
import { createTenantKeys } from '../src/sealing/tenant-keys.ts'
import { openDatabase } from '../src/store/database.ts'
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
  vault = await startVaultUnderTest({ rewrapBatch: 2 })
})
afterAll(() => vault[Symbol.asyncDispose]())

const secretOf = async (target: GrantTarget): Promise<string> => {
  const grant = await vault.grant(target, { action: 'session' })
  return (await vault.as('session-proxy').secrets.releaseSecret(grant)).secret.toString()
}
const start = async (caller: Caller, scope: KeyScope) => {
  const options = await vault.token(caller)
  return present((await vault.as('gateway').keys.startKeyRotation({ scope }, options)).keyRotation)
}
const ended = (caller: Caller, id: string) =>
  eventually(async () => {
    const { keyRotation } = await vault.as('gateway').keys.getKeyRotation({ id }, await vault.token(caller))
    return keyRotation?.endedAt && keyRotation
  })
const count = async (sql: string, params: unknown[] = []): Promise<number> =>
  (await vault.database.adminPool.query(sql, params)).rows.length

describe('rotating a tenant key', () => {
  test('rewraps everything while it is served, tells its progress, and deletes the old key', async () => {
    const target = await makeTarget(vault)
    const { caller, device } = target
    for (let made = 0; made < 6; made += 1) await makeCredential(vault, caller, device)
    const { rows } = await vault.database.adminPool.query(
      'select id from vault.tenant_keys where tenant_id = $1',
      [caller.tenantId],
    )
    const rotation = await start(caller, KeyScope.TENANT)
    expect(rotation).toMatchObject({ state: KeyRotationState.RUNNING, total: 7n, rewrapped: 0n })
    await expect(start(caller, KeyScope.TENANT)).rejects.toEqual(reason('key_rotation.running'))
    expect(await secretOf(target)).toBe('first-secret')
    expect(await ended(caller, rotation.id)).toMatchObject({
      state: KeyRotationState.DONE,
      rewrapped: 7n,
      total: 7n,
    })
    expect(await secretOf(target)).toBe('first-secret')
    expect(await count('select from vault.tenant_keys where id = $1', [rows[0].id])).toBe(0)
    const finished = (await vault.audit('key.rotation_finished')).find(
      ({ tenantId }) => tenantId === caller.tenantId,
    )
    expect(finished?.details['count']).toBe('7')
  })

  test('by another replica disturbs neither reading nor writing here', async () => {
    const target = await makeTarget(vault)
    const { tenantId } = target.caller
    expect(await secretOf(target)).toBe('first-secret')
    await using database = await openDatabase({
      appUrl: vault.database.url('app'),
      workerUrl: vault.database.url('worker'),
      onError: () => {},
    })
    const deps = { database, provider: vault.rootKeys, newId: randomUUID, now: () => new Date() }
    const replica = createTenantKeys(deps)
    await database.sqlInTenant(tenantId, sql => replica.addPrimary(sql, tenantId))
    const ring = await replica.ringOf(tenantId)
    await database.sqlInTenant(tenantId, sql => rewrapBatch(sql, ring, tenantId, 100))
    expect(await secretOf(target)).toBe('first-secret')
    await database.sqlInTenant(tenantId, sql => replica.addPrimary(sql, tenantId))
    const next = await replica.ringOf(tenantId)
    await database.sqlInTenant(tenantId, async sql => {
      await rewrapBatch(sql, next, tenantId, 100)
      await sql.query('delete from tenant_keys where not is_primary', [])
    })
    const credential = await makeCredential(vault, target.caller, target.device, { secret: 'after' })
    expect(await secretOf({ ...target, credential })).toBe('after')
  })

  test('fails loudly, and loses nothing, when a value was tampered with', async () => {
    const target = await makeTarget(vault)
    const other = await makeCredential(vault, target.caller, target.device)
    await vault.database.adminPool.query(
      "update vault.secret_versions set wrapped_key = '\\x0101'::bytea where credential_id = $1",
      [other.id],
    )
    const rotation = await start(target.caller, KeyScope.TENANT)
    expect((await ended(target.caller, rotation.id)).state).toBe(KeyRotationState.FAILED)
    expect(await secretOf(target)).toBe('first-secret')
  })
})

describe('rotating the root key', () => {
  test('rewraps every tenant’s key, and destroys the old root key only when nothing is under it', async () => {
    const targets = await Promise.all(Array.from({ length: 5 }, () => makeTarget(vault)))
    const operator = present(targets[0]).caller
    const before = await vault.rootKeys.primaryKeyId()
    const rotation = await start(operator, KeyScope.ROOT)
    await expect(start(present(targets[1]).caller, KeyScope.ROOT)).rejects.toEqual(
      reason('key_rotation.running'),
    )
    expect((await ended(operator, rotation.id)).state).toBe(KeyRotationState.DONE)
    expect(await vault.rootKeys.primaryKeyId()).not.toBe(before)
    expect(await count('select from vault.tenant_keys where root_key_id = $1', [before])).toBe(0)
    await vault.restart()
    for (const target of targets) expect(await secretOf(target)).toBe('first-secret')
  })

  test('goes on after a crash at any of its steps, with one new key', async () => {
    const targets = await Promise.all(Array.from({ length: 3 }, () => makeTarget(vault)))
    const operator = present(targets[0]).caller
    const { rootKeys } = vault
    const before = await rootKeys.primaryKeyId()
    const crash = async (): Promise<never> => {
      throw new Error('crash')
    }
    // Made, but not noted; then noted, but not retired.
    await vault.restart({ rootKeys: { ...rootKeys, addKey: () => rootKeys.addKey().then(crash) } })
    const rotation = await start(operator, KeyScope.ROOT)
    await eventually(async () => (await rootKeys.primaryKeyId()) !== before)
    const made = await rootKeys.primaryKeyId()
    await vault.restart({ rootKeys: { ...rootKeys, retireKey: crash } })
    await eventually(
      async () => (await count('select from vault.tenant_keys where root_key_id = $1', [before])) === 0,
    )
    await vault.restart()
    expect((await ended(operator, rotation.id)).state).toBe(KeyRotationState.DONE)
    expect(await rootKeys.primaryKeyId()).toBe(made)
    for (const target of targets) expect(await secretOf(target)).toBe('first-secret')
  })

  test('is for the operator only', async () => {
    const { caller } = await makeTarget(vault)
    const administrator = { ...caller, permissions: new Set(['key.rotate'] as const) }
    await expect(start(administrator, KeyScope.ROOT)).rejects.toEqual(reason('caller.not_allowed'))
    const list = await vault
      .as('gateway')
      .keys.listKeyRotations({ page: undefined }, await vault.token(caller))
    expect(list.keyRotations).toEqual([])
    const foreign = vault.as('gateway').keys.getKeyRotation({ id: randomUUID() }, await vault.token(caller))
    await expect(foreign).rejects.toEqual(reason('key_rotation.not_found'))
  })
})
