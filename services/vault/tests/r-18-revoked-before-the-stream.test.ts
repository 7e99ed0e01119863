import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTarget, reason, startVaultUnderTest, type VaultUnderTest } from './vault-under-test.ts'

let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest()
})
afterAll(() => vault[Symbol.asyncDispose]())

describe('R-18: a revocation counts from its acknowledgement, whether or not the stream has brought it yet', () => {
  test('no secret is released, no ticket made, and none is good any more', async () => {
    const target = await makeTarget(vault)
    const { tenantId } = target.caller
    const options = await vault.token(target.caller)
    const session = await vault.grant(target, { action: 'session' })
    const unused = await vault.grant(target)
    const used = await vault.grant(target)
    const { ticket } = await vault.as('gateway').secrets.createRevealTicket(used, options)
    const other = await vault.grant(target, { action: 'session' })
    vault.accessControl.reachable.stream = false
    for (const { claims } of [session, unused, used])
      vault.accessControl.revoke({ tenantId, grantId: claims.grantId, reason: 'revoked' })
    const revoked = reason('grant.revoked')
    await expect(vault.as('session-proxy').secrets.releaseSecret(session)).rejects.toEqual(revoked)
    const { secrets } = vault.as('gateway')
    await expect(secrets.createRevealTicket(unused, options)).rejects.toEqual(revoked)
    await expect(secrets.redeemRevealTicket({ ticket }, options)).rejects.toEqual(revoked)
    const released = await vault.as('session-proxy').secrets.releaseSecret(other)
    expect(released.secret.toString()).toBe('first-secret')
    vault.accessControl.reachable.stream = true
    await eventually(async () => (await vault.audit('secret.refused')).length >= 3)
  })
})
