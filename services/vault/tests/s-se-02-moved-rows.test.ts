import { SecretKind } from '@sallyport/contracts/vault/v1/inventory'
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

const release = async (target: GrantTarget): Promise<string> => {
  const grant = await vault.grant(target, { action: 'session' })
  return (await vault.as('session-proxy').secrets.releaseSecret(grant)).secret.toString()
}
const change = async ({ caller, credential }: GrantTarget, secret: string): Promise<void> => {
  const options = await vault.token(caller)
  const { credentials } = vault.as('gateway')
  const { version } = present((await credentials.getCredential({ id: credential.id }, options)).credential)
  const request = { id: credential.id, version, kind: SecretKind.PASSWORD, secret: Buffer.from(secret) }
  await credentials.setSecret(request, options)
}
const copy = (columns: string, from: string, to: string): Promise<unknown> =>
  vault.database.adminPool.query(
    `update vault.secret_versions t set (${columns}) = (select ${columns} from vault.secret_versions f where ${from})
     where ${to}`,
  )

describe('S-SE-02: what a superuser moves between rows is refused, and the trail raises the alarm', () => {
  test.each<[string, string, (own: GrantTarget, others: GrantTarget) => Promise<unknown>]>([
    [
      'an older version put in place of the current one',
      'first-secret',
      own => {
        const of = `credential_id = '${own.credential.id}'`
        return copy('key_id, wrapped_key, ciphertext', `f.${of} and f.number = 1`, `t.${of} and t.number = 2`)
      },
    ],
    [
      'the ciphertext alone of an older version',
      'first-secret',
      own => {
        const of = `credential_id = '${own.credential.id}'`
        return copy('ciphertext', `f.${of} and f.number = 1`, `t.${of} and t.number = 2`)
      },
    ],
    [
      'a version of another credential of the tenant',
      'of the other',
      async own => {
        const other = await makeCredential(vault, own.caller, own.device, { secret: 'of the other' })
        return copy(
          'key_id, wrapped_key, ciphertext',
          `f.credential_id = '${other.id}'`,
          `t.credential_id = '${own.credential.id}' and t.number = 2`,
        )
      },
    ],
    [
      'a version of another tenant, with its tenant key',
      'first-secret',
      async (own, foreign) => {
        const { adminPool } = vault.database
        const [from, to] = [foreign.caller.tenantId, own.caller.tenantId]
        await adminPool.query(
          `insert into vault.tenant_keys (id, tenant_id, wrapped_key, root_key_id, is_primary, created_at)
           select gen_random_uuid(), $2, wrapped_key, root_key_id, false, now() from vault.tenant_keys where tenant_id = $1`,
          [from, to],
        )
        await copy(
          'wrapped_key, ciphertext',
          `f.credential_id = '${foreign.credential.id}' and f.state = 'current'`,
          `t.credential_id = '${own.credential.id}' and t.number = 2`,
        )
        await adminPool.query(
          `update vault.secret_versions set key_id = (select id from vault.tenant_keys
             where tenant_id = $1 and not is_primary) where credential_id = $2 and number = 2`,
          [to, own.credential.id],
        )
      },
    ],
  ])('%s', async (_what, hidden, move) => {
    const [own, foreign] = [await makeTarget(vault), await makeTarget(vault)]
    await change(own, 'second-secret')
    expect(await release(own)).toBe('second-secret')
    await move(own, foreign)
    const refusal: unknown = await release(own).catch((error: unknown) => error)
    expect(refusal).toEqual(reason('sealed_value.refused'))
    expect(JSON.stringify(refusal)).not.toContain(hidden)
    const alarms = await vault.audit('encryption.failed')
    expect(alarms.map(({ target }) => target?.id)).toContain(own.credential.id)
    expect(await release(foreign)).toBe('first-secret')
  })
})
