import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDevelopmentKeyRing, openFileKeyProvider } from './file-key-provider.ts'
import type { SealContext } from './seal-context.ts'
import { keyIdOf } from './sealed-blob.ts'
import { Secret } from './secret.ts'

const context: SealContext = {
  tenant: 't',
  table: 'tenant_keys',
  row: 'r',
  column: 'wrapped_key',
  version: 1,
}
const unavailable = expect.objectContaining({ reason: 'root_key.unavailable' })
let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-ring-'))
  path = join(folder, 'root-keys.json')
})
afterEach(() => rm(folder, { recursive: true }))

test('a development key ring is private, is created once, and survives a restart', async () => {
  expect(await createDevelopmentKeyRing(path)).toBe(true)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const blob = await (await openFileKeyProvider(path)).wrap(Secret.fromUtf8('key material'), context)
  expect(await createDevelopmentKeyRing(path)).toBe(false)
  const unwrapped = await (await openFileKeyProvider(path)).unwrap(blob, context)
  expect(unwrapped.use(String)).toBe('key material')
  expect(await readdir(folder)).toEqual(['root-keys.json'])
})

test('of many first starts exactly one creates the ring', async () => {
  const created = await Promise.all(Array.from({ length: 8 }, () => createDevelopmentKeyRing(path)))
  expect(created.filter(Boolean)).toHaveLength(1)
  expect(await readdir(folder)).toEqual(['root-keys.json'])
})

test('a file that others may read is refused', async () => {
  await createDevelopmentKeyRing(path)
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    await chmod(path, mode)
    await expect(openFileKeyProvider(path)).rejects.toEqual(unavailable)
  }
})

test('a missing or malformed file is refused without quoting it', async () => {
  await expect(openFileKeyProvider(path)).rejects.toEqual(unavailable)
  const key = Buffer.alloc(32, 7).toString('base64')
  const ring = (keys: unknown, primary = 'a'): string =>
    JSON.stringify({ format: 'sallyport-key-ring/1', primary, keys })
  const malformed = [
    '',
    'CANARY',
    '[]',
    '{"format":"other"}',
    ring('CANARY'),
    ring([{ id: 'a', key: 'CANARY' }]),
    ring([{ id: 'a' }]),
    ring([{ id: 'a', key }], 'b'),
    ring([
      { id: 'a', key },
      { id: 'a', key },
    ]),
  ]
  for (const content of malformed) {
    await writeFile(path, content, { mode: 0o600 })
    const error = await openFileKeyProvider(path).catch((thrown: Error) => thrown)
    expect(error).toEqual(unavailable)
    expect(inspect(error, { depth: 9 })).not.toContain('CANARY')
  }
})

test('after a rotation new values are under the new key and old ones still open', async () => {
  await createDevelopmentKeyRing(path)
  const provider = await openFileKeyProvider(path)
  const oldId = await provider.primaryKeyId()
  const oldBlob = await provider.wrap(Secret.fromUtf8('old'), context)
  const newId = await provider.addKey()
  expect(await provider.primaryKeyId()).toBe(newId)
  expect(keyIdOf(await provider.wrap(Secret.fromUtf8('new'), context))).toBe(newId)
  expect((await provider.unwrap(oldBlob, context)).use(String)).toBe('old')
  await expect(provider.retireKey(newId)).rejects.toMatchObject({ reason: 'root_key.in_use' })
  await provider.retireKey(oldId)
  await expect(provider.unwrap(oldBlob, context)).rejects.toMatchObject({ reason: 'sealed_value.refused' })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a key that somebody else has taken out of the file is retired without a change to it', async () => {
  await createDevelopmentKeyRing(path)
  const provider = await openFileKeyProvider(path)
  const oldId = await provider.primaryKeyId()
  await provider.addKey()
  const other = await openFileKeyProvider(path)
  await other.retireKey(oldId)
  const before = await stat(path)
  await provider.retireKey(oldId)
  expect((await stat(path)).ino).toBe(before.ino)
})

test('another process sees a new primary key at its next use', async () => {
  await createDevelopmentKeyRing(path)
  const [first, second] = [await openFileKeyProvider(path), await openFileKeyProvider(path)]
  const newId = await first.addKey()
  expect(await second.primaryKeyId()).toBe(newId)
  const blob = await first.wrap(Secret.fromUtf8('x'), context)
  expect((await second.unwrap(blob, context)).use(String)).toBe('x')
})

test('the file never holds half a ring', async () => {
  await createDevelopmentKeyRing(path)
  const provider = await openFileKeyProvider(path)
  const done = new AbortController()
  const reading = (async () => {
    while (!done.signal.aborted) JSON.parse(await readFile(path, 'utf8'))
  })()
  for (let turn = 0; turn < 10; turn += 1) await provider.addKey()
  done.abort()
  await reading
})
