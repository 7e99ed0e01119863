import ssh2 from 'ssh2'
import { describe, expect, it } from 'vitest'
import { generateSshKeyPair } from './ssh-key-pair.ts'

describe('a new SSH key pair', () => {
  // Five in a thousand of ssh2's own are malformed; two thousand would show it.
  it('is read by ssh2, every time, as one pair', () => {
    for (let count = 0; count < 2_000; count += 1) {
      const { privateKey, publicKey } = generateSshKeyPair()
      const secret = ssh2.utils.parseKey(privateKey.bytes())
      const open = ssh2.utils.parseKey(publicKey)
      if (secret instanceof Error || open instanceof Error) throw new Error('ssh2 cannot read it')
      expect(secret.getPublicSSH()).toEqual(open.getPublicSSH())
      expect(open.verify('message', secret.sign('message'))).toBe(true)
    }
  })
})
