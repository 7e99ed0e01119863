import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { verifyCallerToken } from './caller-token.ts'
import { type GrantClaims, signGrant, verifyGrant } from './grant.ts'
import { createKeyFinder } from './verification-keys.ts'

const now = new Date('2026-06-01T12:00:00Z')
const pair = await generateKeyPair('EdDSA', { extractable: true })
const key = { id: 'g1', privateKey: pair.privateKey }
const published = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'g1' }] })
const keys = createKeyFinder({
  fetch: async () => ({ callerTokenKeys: '{"keys":[]}', grantKeys: published }),
  now: () => performance.now(),
})

const grant: GrantClaims = {
  grantId: randomUUID(),
  tenantId: randomUUID(),
  subject: { kind: 'user', id: randomUUID(), name: 'alice' },
  credentialId: randomUUID(),
  deviceId: randomUUID(),
  action: 'session',
  requestId: randomUUID(),
  notBefore: now,
  expiresAt: new Date(now.getTime() + 60_000),
  endsAt: new Date(now.getTime() + 3_600_000),
  nonce: randomUUID(),
}
const invalid = expect.objectContaining({ reason: 'grant.invalid' })

describe('a grant', () => {
  it('says to vault what access-control signed', async () => {
    expect(await verifyGrant(await signGrant(grant, key), { keys, now })).toEqual(grant)
  })

  it.each([
    ['before its time', -10_000],
    ['after its time', 70_000],
  ])('is refused %s', async (_title, milliseconds) => {
    const statement = await signGrant(grant, key)
    const at = new Date(now.getTime() + milliseconds)
    await expect(verifyGrant(statement, { keys, now: at })).rejects.toEqual(invalid)
  })

  it('is refused after any character of it was changed', async () => {
    const statement = await signGrant(grant, key)
    // Not the last one: it carries bits of the signature that decoders ignore.
    const places = fc.integer({ min: 0, max: statement.length - 2 })
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom('A', 'z', '-', '.'), async (place, character) => {
        fc.pre(statement[place] !== character)
        const changed = statement.slice(0, place) + character + statement.slice(place + 1)
        await expect(verifyGrant(changed, { keys, now })).rejects.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  it('is refused, with one clear error, when it is garbage', async () => {
    const garbage = fc.oneof(
      fc.string(),
      fc.string().map(text => `${text}.${text}.${text}`),
    )
    await fc.assert(
      fc.asyncProperty(garbage, async text => {
        await expect(verifyGrant(text, { keys, now })).rejects.toMatchObject({
          code: expect.stringMatching(/denied|unauth/),
        })
      }),
    )
  })

  it('is refused when it is another kind of statement, signed with the same key', async () => {
    const other = await new SignJWT({ gid: grant.grantId })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'g1', typ: 'JWT' })
      .setIssuer('access-control')
      .setAudience('vault')
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(grant.expiresAt)
      .sign(key.privateKey)
    await expect(verifyGrant(other, { keys, now })).rejects.toEqual(invalid)
  })

  it('is no caller token, whatever it is signed with', async () => {
    const statement = await signGrant(grant, key)
    await expect(verifyCallerToken(statement, { audience: 'vault', keys, now })).rejects.toThrow()
  })
})
