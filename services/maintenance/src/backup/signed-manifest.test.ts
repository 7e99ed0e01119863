import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackupError } from './backup-error.ts'
import { type Manifest, manifestOf } from './manifest.ts'
import { openManifest, renderManifest } from './signed-manifest.ts'
import { createSigningKeyFile, readSigner, type Signer } from './signing-key.ts'

const sha256 = 'a'.repeat(64)
const stored = { name: 'backups/x/vault.devices.1', bytes: 10, sha256 }
const manifest: Manifest = manifestOf({
  id: '20261123T013700Z-0123abcd',
  snapshotAt: '2026-11-23T01:37:00.000Z',
  finishedAt: '2026-11-23T01:38:00.000Z',
  lsn: '0/1',
  postgresql: '18.4',
  migrations: [{ schema: 'vault', name: '2026_vault', checksum: sha256 }],
  tables: [{ schema: 'vault', name: 'devices', columns: ['id'], rows: 3, objects: [stored] }],
  sequences: [{ schema: 'vault', name: 'outbox_position_seq', value: '7' }],
  heads: [{ tenantId: '019a0000-0000-7000-8000-000000000001', sequence: 5, mac: sha256, checkpoint: 4 }],
  keys: [{ name: 'vault-root', ids: ['root-1'], objects: [stored] }],
})

let directory: string
let signer: Signer
let other: Signer

const makeSigner = async (name: string): Promise<Signer> => {
  await createSigningKeyFile(join(directory, name))
  return readSigner(join(directory, name))
}
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-signer-'))
  signer = await makeSigner('one')
  other = await makeSigner('other')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const signed = (content: unknown): Buffer => renderManifest(content as Manifest, signer)

describe('A signed manifest', () => {
  it('opens to what was signed', () => {
    expect(openManifest(signed(manifest), signer.publicKey)).toEqual(manifest)
  })

  it('is refused for somebody else’s signature, also under the name of the right signer', () => {
    expect(() => openManifest(signed(manifest), other.publicKey)).toThrow('another installation’s')
    const forged = renderManifest(manifest, { ...other, publicKey: signer.publicKey })
    expect(() => openManifest(forged, signer.publicKey)).toThrow('changed after it was signed')
  })

  it('is refused whatever byte of what it says was changed, added or cut off', () => {
    const whole = signed(manifest)
    const json = whole.indexOf('\n')
    fc.assert(
      fc.property(fc.nat(json), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(whole)
        changed.writeUInt8(changed.readUInt8(at) ^ by, at)
        expect(() => openManifest(changed, signer.publicKey)).toThrow(BackupError)
      }),
    )
    fc.assert(
      fc.property(fc.nat(whole.byteLength - 1), length => {
        expect(() => openManifest(whole.subarray(0, length), signer.publicKey)).toThrow(BackupError)
      }),
    )
    expect(() => openManifest(Buffer.concat([whole, whole]), signer.publicKey)).toThrow(BackupError)
  })

  it('is never anything but refused or whole for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), bytes => {
        expect(() => openManifest(bytes, signer.publicKey)).toThrow(BackupError)
      }),
    )
  })

  it.each<[string, unknown]>([
    [
      'a name that leads elsewhere',
      { ...manifest, keys: [{ name: 'vault-root', ids: [], objects: [{ ...stored, name: '../x' }] }] },
    ],
    [
      'a table of no schema of ours',
      { ...manifest, tables: [{ ...manifest.tables[0], schema: 'pg_catalog' }] },
    ],
    [
      'a column that is SQL',
      { ...manifest, tables: [{ ...manifest.tables[0], columns: ['id) from x; --'] }] },
    ],
    [
      'a size that is none',
      { ...manifest, keys: [{ name: 'vault-root', ids: [], objects: [{ ...stored, bytes: -1 }] }] },
    ],
    ['a field that nobody knows', { ...manifest, more: true }],
    ['nothing', {}],
    ['no object', 7],
  ])('is refused with %s, although it is signed', (_, content) => {
    expect(() => openManifest(signed(content), signer.publicKey)).toThrow('cannot be understood')
  })

  it('of another format says so', () => {
    const later = { ...manifest, format: 'sallyport-backup/2' }
    expect(() => openManifest(signed(later), signer.publicKey)).toThrow('with the version that made it')
  })
})
