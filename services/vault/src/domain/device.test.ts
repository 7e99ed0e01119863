import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { criteriaDiffer, type DeviceInput, parseDevice, portsStillPinned } from './device.ts'
import { parseHostKeys } from './host-key.ts'

const invalid = expect.objectContaining({ reason: 'request.invalid' })
const input: DeviceInput = {
  name: 'web-1',
  address: '10.0.0.1',
  type: 'linux-server',
  site: 'Vienna',
  tags: ['prod'],
  connectivities: [{ protocol: 'ssh', port: 22 }],
}

describe('a device', () => {
  test.each<Partial<DeviceInput>>([
    { name: 'root@web' },
    { name: 'a[b]' },
    { type: '' },
    { connectivities: [{ protocol: 'telnet', port: 23 }] },
    { connectivities: [{ protocol: 'ssh', port: 0 }] },
    { connectivities: [{ protocol: 'ssh', port: 65_536 }] },
    {
      connectivities: [
        { protocol: 'ssh', port: 22 },
        { protocol: 'ssh', port: 22 },
      ],
    },
    { connectivities: Array.from({ length: 21 }, (_, port) => ({ protocol: 'ssh', port: port + 1 })) },
  ])('is refused with %j', changes => {
    expect(() => parseDevice({ ...input, ...changes })).toThrow(invalid)
  })

  test('at another address has none of its pinned host keys any more', () => {
    const before = parseDevice(input)
    expect(portsStillPinned(before, parseDevice({ ...input, name: 'web-2' }))).toEqual([22])
    expect(portsStillPinned(before, parseDevice({ ...input, address: '10.0.0.2' }))).toEqual([])
    const moved = parseDevice({ ...input, connectivities: [{ protocol: 'ssh', port: 2222 }] })
    expect(portsStillPinned(before, moved)).toEqual([2222])
  })

  test('differs for criteria when anything that they look at differs', () => {
    const device = parseDevice(input)
    expect(criteriaDiffer(device, parseDevice(input))).toBe(false)
    expect(criteriaDiffer(device, parseDevice({ ...input, connectivities: [] }))).toBe(false)
    const changes = [{ name: 'x' }, { address: 'x' }, { type: 'x' }, { site: 'x' }, { tags: ['x'] }]
    for (const change of changes)
      expect(criteriaDiffer(device, parseDevice({ ...input, ...change }))).toBe(true)
  })
})

const lengthPrefixed = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return Buffer.concat([length, bytes])
}
const wire = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts.map(lengthPrefixed))
const ed25519 = wire(Buffer.from('ssh-ed25519'), Buffer.alloc(32, 7))

describe('host keys', () => {
  test('are taken in every algorithm that sshd offers', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = publicKey.export({ format: 'jwk' })
    const number = (text = ''): Buffer => Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')])
    const rsa = wire(Buffer.from('ssh-rsa'), Buffer.from(jwk.e ?? '', 'base64url'), number(jwk.n))
    const p256 = wire(Buffer.from('ecdsa-sha2-nistp256'), Buffer.from('nistp256'), Buffer.alloc(65, 4))
    const algorithms = parseHostKeys([ed25519, rsa, p256, ed25519]).map(({ algorithm }) => algorithm)
    expect(algorithms).toEqual(['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256'])
  })

  test.each([
    Buffer.alloc(0),
    Buffer.from('ssh-ed25519 AAAA'),
    ed25519.subarray(0, -1),
    Buffer.concat([ed25519, Buffer.alloc(1)]),
    wire(Buffer.from('ssh-ed25519'), Buffer.alloc(31)),
    wire(Buffer.from('ssh-rsa'), Buffer.from([1, 0, 1]), Buffer.alloc(128, 1)),
    wire(Buffer.from('ssh-dss'), Buffer.alloc(20)),
    wire(Buffer.from('ssh-ed25519-cert-v01@openssh.com'), Buffer.alloc(32)),
    wire(Buffer.from('ecdsa-sha2-nistp256'), Buffer.from('nistp384'), Buffer.alloc(65, 4)),
    wire(Buffer.from('ecdsa-sha2-undefined'), Buffer.alloc(0), Buffer.alloc(0)),
  ])('are refused when malformed (%#)', key => {
    expect(() => parseHostKeys([key])).toThrow(invalid)
  })

  test('never crash the parser', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), key => {
        expect(() => parseHostKeys([key])).toThrow(invalid)
      }),
      { numRuns: 2000 },
    )
  })
})
