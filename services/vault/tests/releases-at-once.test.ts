import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type GrantTarget,
  makeCredential,
  makeDevice,
  newUser,
  reason,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest()
})
afterAll(() => vault[Symbol.asyncDispose]())

const session = { action: 'session' } as const
const release = async (target: GrantTarget, changes: object = {}): Promise<string> => {
  const { statement } = await vault.grant(target, { ...session, ...changes })
  return (await vault.as('session-proxy').secrets.releaseSecret({ statement })).secret.toString()
}

/** A tenant with so many credentials on one device, the secret of each being its number. */
const manyTargets = async (count: number): Promise<GrantTarget[]> => {
  const caller = newUser()
  const device = await makeDevice(vault, caller)
  const targets: GrantTarget[] = []
  for (let number = 0; number < count; number += 1) {
    targets.push({
      caller,
      device,
      credential: await makeCredential(vault, caller, device, { secret: `secret ${number}` }),
    })
  }
  return targets
}

/** The target with this number. */
const nth = (targets: readonly GrantTarget[], number: number): GrantTarget => {
  const target = targets[number]
  if (target === undefined) throw new Error(`there is no target ${number}`)
  return target
}

describe('secrets released at once', () => {
  test('go each to its own grant, with a record each', async () => {
    const targets = await manyTargets(20)
    const secrets = await Promise.all([...targets, ...targets].map(target => release(target)))
    expect(secrets).toEqual([...targets, ...targets].map((_, index) => `secret ${index % 20}`))
    const records = await vault.audit('secret.released')
    for (const { credential } of targets) {
      expect(records.filter(({ target }) => target?.id === credential.id)).toHaveLength(2)
    }
  })

  test('are refused by their own reasons, and keep nothing from the others', async () => {
    const targets = await manyTargets(8)
    const { tenantId } = nth(targets, 0).caller
    const id = (number: number): string => nth(targets, number).credential.id
    await vault.database.adminPool.query(
      `update vault.secret_versions set ciphertext = set_byte(ciphertext, 60, 255 - get_byte(ciphertext, 60))
       where credential_id = $1`,
      [id(1)],
    )
    await vault.database.adminPool.query(
      `insert into vault.custodies (id, tenant_id, credential_id, holder_user_id, holder_user_name, grant_id, since, until)
       values (gen_random_uuid(), $1, $2, gen_random_uuid(), 'bob', gen_random_uuid(), now(), now() + interval '1 hour')`,
      [tenantId, id(2)],
    )
    await vault.database.adminPool.query(
      `insert into vault.rotations (tenant_id, operation_id, credential_id, fencing_token, state, candidate_number, started_at)
       values ($1, gen_random_uuid(), $2, 1, 'open', 2, now())`,
      [tenantId, id(3)],
    )
    await vault.database.adminPool.query('delete from vault.secret_versions where credential_id = $1', [
      id(4),
    ])
    const results = await Promise.allSettled([
      ...targets.slice(0, 5).map(target => release(target)),
      release({ ...nth(targets, 5), device: { ...nth(targets, 5).device, id: randomUUID() } }),
      release(nth(targets, 6)),
      release(nth(targets, 7)),
    ])
    const refused = (name: string): unknown => ({ status: 'rejected', reason: reason(name) })
    const given = (number: number): unknown => ({ status: 'fulfilled', value: `secret ${number}` })
    expect(results).toEqual([
      given(0),
      refused('sealed_value.refused'),
      refused('custody.held'),
      refused('rotation.in_progress'),
      refused('credential.no_secret'),
      refused('credential.not_found'),
      given(6),
      given(7),
    ])
  })

  test('that wait for a locked credential keep nothing from the others', async () => {
    const targets = await manyTargets(3)
    const client = await vault.database.adminPool.connect()
    try {
      await client.query('begin')
      await client.query('select from vault.credentials where id = $1 for update', [
        nth(targets, 1).credential.id,
      ])
      const waiting = release(nth(targets, 1))
      expect(await Promise.all([release(nth(targets, 0)), release(nth(targets, 2))])).toEqual([
        'secret 0',
        'secret 2',
      ])
      await client.query('commit')
      expect(await waiting).toBe('secret 1')
    } finally {
      client.release()
    }
  })

  test('for one grant are one, however many ask', async () => {
    const [target] = await manyTargets(1)
    if (target === undefined) throw new Error('there is one')
    const { statement } = await vault.grant(target, session)
    const { secrets } = vault.as('session-proxy')
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => secrets.releaseSecret({ statement })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
