import { randomUUID } from 'node:crypto'
import { newSealingKey } from '@sallyport/crypto/envelope'
import { Secret } from '@sallyport/crypto/secret'
import { counted, figure } from '@sallyport/testing/proof'
import { describe, expect, test } from 'vitest'
import {
  openSecret,
  rewrapSecret,
  type SealedSecret,
  sealSecret,
  type VersionPlace,
} from './secret-sealer.ts'
import type { TenantKeyRing } from './tenant-keys.ts'

type Stored = { ring: TenantKeyRing; place: VersionPlace; sealed: SealedSecret; plain: string }

const ringOf = (): TenantKeyRing => {
  const primary = newSealingKey(randomUUID())
  return { primary, byId: new Map([[primary.id, primary]]), countUse: () => {} }
}

/** Three tenants; credentials with three versions each, as if each had been changed twice. */
const store = (count: number): Stored[] => {
  const tenants = Array.from({ length: 3 }, () => ({ tenantId: randomUUID(), ring: ringOf() }))
  const credentials = Array.from({ length: Math.ceil(count / 3) }, () => randomUUID())
  return Array.from({ length: count }, (_, index) => {
    const { tenantId, ring } = tenants[index % 3] ?? { tenantId: '', ring: ringOf() }
    const credentialId = credentials[Math.floor(index / 9) * 3 + (index % 3)] ?? ''
    const number = 1 + (Math.floor(index / 3) % 3)
    const place = { tenantId, credentialId, versionId: randomUUID(), number }
    const plain = `secret ${index}`
    return { ring, place, plain, sealed: sealSecret(ring, place, Secret.fromUtf8(plain)) }
  })
}

const isRefused = (attempt: () => unknown): boolean => {
  try {
    attempt()
    return false
  } catch (error) {
    return error instanceof Error && 'reason' in error && error.reason === 'sealed_value.refused'
  }
}

describe('S-SE-02: a ciphertext that was moved or rolled back opens nowhere', () => {
  test('every secret is refused in the place of every other one: whole, its ciphertext, and its key', () => {
    const stored = store(counted(500, 60))
    let attempts = 0
    const opened: string[] = []
    const attempt = (what: string, at: Stored, sealed: SealedSecret): void => {
      attempts += 1
      if (!isRefused(() => openSecret(at.ring, at.place, sealed))) opened.push(what)
    }
    for (const from of stored) {
      for (const to of stored) {
        if (from === to) continue
        attempt('all of it', to, from.sealed)
        attempt('its ciphertext', to, { ...to.sealed, ciphertext: from.sealed.ciphertext })
        attempt('its key', to, { ...to.sealed, wrappedKey: from.sealed.wrappedKey, keyId: from.sealed.keyId })
      }
    }
    expect(opened).toEqual([])
    for (const { ring, place, sealed, plain } of stored)
      expect(openSecret(ring, place, sealed).bytes().toString()).toBe(plain)
    figure('S-SE-02', `${attempts.toLocaleString('en')} moved values, 0 opened`)
  }, 600_000)

  test('every part of its place is what it is bound to, even with the tenant’s own key', () => {
    const [one] = store(1)
    if (one === undefined) throw new Error('one was asked for')
    const { ring, place, sealed } = one
    const places: VersionPlace[] = [
      { ...place, tenantId: randomUUID() },
      { ...place, credentialId: randomUUID() },
      { ...place, versionId: randomUUID() },
      { ...place, number: place.number - 1 },
      { ...place, number: place.number + 1 },
    ]
    for (const other of places) {
      expect(isRefused(() => openSecret(ring, other, sealed))).toBe(true)
      expect(isRefused(() => rewrapSecret(ring, other, sealed))).toBe(true)
    }
  })
})
