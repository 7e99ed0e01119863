import { SallyportError } from '@sallyport/errors/error'
import { Secret } from '@sallyport/crypto/secret'
import { describe, expect, it, vi } from 'vitest'
import type { Released } from '../clients/vault.ts'
import { releaseWhenChanged } from './release-when-changed.ts'

const released: Released = {
  kind: 'password',
  secret: Secret.fromUtf8('new'),
  address: '192.0.2.1',
  port: 22,
  username: 'root',
  hostKeys: [],
}
const changing = new SallyportError('rotation.in_progress')

describe('a secret that is being changed', () => {
  it('is waited for, and the person is told once', async () => {
    const told: string[] = []
    const session = { say: (text: string) => void told.push(text), ending: new AbortController().signal }
    const release = vi
      .fn<() => Promise<Released>>()
      .mockRejectedValueOnce(changing)
      .mockRejectedValueOnce(changing)
      .mockResolvedValue(released)
    const waiting = releaseWhenChanged(session, release)
    expect(await waiting).toBe(released)
    expect(told).toHaveLength(1)
  })

  it('is not waited for by a session that ends', async () => {
    const ending = new AbortController()
    const session = { say: () => ending.abort(), ending: ending.signal }
    await expect(releaseWhenChanged(session, () => Promise.reject(changing))).rejects.toThrow('abort')
  })

  it('is no reason to ask again after any other refusal', async () => {
    const session = { say: () => {}, ending: new AbortController().signal }
    const refusal = new SallyportError('grant.revoked')
    await expect(releaseWhenChanged(session, () => Promise.reject(refusal))).rejects.toBe(refusal)
  })
})
