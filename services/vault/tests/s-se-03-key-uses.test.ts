import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEY_USES_BEFORE_ROTATION } from '../src/domain/key-uses.ts'
import { keyUsesRatio } from '../src/store/key-uses.ts'
import {
  type GrantTarget,
  makeCredential,
  makeTarget,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest()
})
afterAll(() => vault[Symbol.asyncDispose]())

type Key = { id: string; uses: string }

const primaryOf = async ({ caller }: GrantTarget): Promise<Key | undefined> => {
  const { rows } = await vault.database.adminPool.query<Key>(
    'select id, uses from vault.tenant_keys where tenant_id = $1 and is_primary',
    [caller.tenantId],
  )
  return rows[0]
}
const release = async (target: GrantTarget): Promise<string> => {
  const grant = await vault.grant(target, { action: 'session' })
  return (await vault.as('session-proxy').secrets.releaseSecret(grant)).secret.toString()
}

describe('S-SE-03: uses of a key are counted, and a key that was used often is replaced by itself', () => {
  test('each secret has a data key of its own, and each of these is one use of the tenant key', async () => {
    const target = await makeTarget(vault)
    for (let made = 0; made < 4; made += 1) await makeCredential(vault, target.caller, target.device)
    await eventually(async () => (await primaryOf(target))?.uses === '5')
    const { rows } = await vault.database.adminPool.query<{ keys: string; versions: string }>(
      `select count(distinct wrapped_key) as keys, count(*) as versions from vault.secret_versions
       where tenant_id = $1`,
      [target.caller.tenantId],
    )
    expect(rows[0]).toEqual({ keys: '5', versions: '5' })
    await vault.restart()
    await makeCredential(vault, target.caller, target.device)
    await eventually(async () => (await primaryOf(target))?.uses === '6')
  })

  test('at nine tenths of 2^32 uses another key takes over, and the trail says why', async () => {
    expect(Number(KEY_USES_BEFORE_ROTATION) / 2 ** 32).toBeCloseTo(0.9, 9)
    const target = await makeTarget(vault)
    const before = await primaryOf(target)
    await vault.database.adminPool.query('update vault.tenant_keys set uses = $2 where tenant_id = $1', [
      target.caller.tenantId,
      KEY_USES_BEFORE_ROTATION - 1n,
    ])
    // What the metric tells before it happens.
    expect(await keyUsesRatio(vault.database.workerPool)).toBeCloseTo(0.9, 6)
    await makeCredential(vault, target.caller, target.device)
    const after = await eventually(async () => {
      const { rows } = await vault.database.adminPool.query<Key>(
        'select id, uses from vault.tenant_keys where tenant_id = $1',
        [target.caller.tenantId],
      )
      return rows.length === 1 && rows[0]?.id !== before?.id && rows[0]
    })
    expect(Number(after.uses)).toBeLessThanOrEqual(2)
    expect(await release(target)).toBe('first-secret')
    const started = (await vault.audit('key.rotation_started')).find(
      ({ tenantId }) => tenantId === target.caller.tenantId,
    )
    expect(started).toMatchObject({
      actor: { kind: 'service', id: 'vault' },
      details: { scope: 'tenant', reason: 'used often', previous_key_id: before?.id },
    })
  })
})
