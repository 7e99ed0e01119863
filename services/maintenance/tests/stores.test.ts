import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@sallyport/crypto/secret'
import { isNightly } from '@sallyport/testing/proof'
import { findProgram } from '@sallyport/targets/find-program'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeBackup } from '../src/backup/make-backup.ts'
import { proveBackup } from '../src/backup/prove-backup.ts'
import { directoryStore } from '../src/destination/directory-store.ts'
import type { ObjectStore } from '../src/destination/object-store.ts'
import { s3Store } from '../src/destination/s3-store.ts'
import { openInstallation, temporaryDirectory } from './installation.ts'
import { type S3Server, startS3Server } from './s3-server.ts'

const behaves = (open: () => Promise<ObjectStore>): void => {
  it('gives back what it took, and its size', async () => {
    const store = await open()
    const content = randomBytes(100_000)
    await store.put('one/two/three.1', content)
    await store.put('one/two/three.1', content)
    expect(await store.get('one/two/three.1', 100_000)).toEqual(content)
    expect(await store.size('one/two/three.1')).toBe(100_000)
  })

  it('says what is missing, and refuses what is larger than it may be', async () => {
    const store = await open()
    await store.put('large', Buffer.alloc(1_001))
    await expect(store.get('absent/one', 10)).rejects.toThrow('absent/one is missing')
    await expect(store.get('large', 1_000)).rejects.toThrow('large is larger')
    expect(await store.size('absent/one')).toBeUndefined()
  })

  it('lists the folders below a folder in their order, and only those', async () => {
    const store = await open()
    for (const name of ['list/b/x', 'list/a/y/z', 'list/a/w', 'list/file', 'listed/c/x'])
      await store.put(name, Buffer.from('x'))
    expect(await store.folders('list')).toEqual(['a', 'b'])
    expect(await store.folders('nothing')).toEqual([])
  })

  it('takes no name that leads elsewhere', async () => {
    const store = await open()
    for (const name of ['../up', '/etc/passwd', 'a/../b', 'a//b', 'a/.hidden', '', 'a\0b', 'a?b', 'a%2e/b'])
      await expect(store.get(name, 10), name).rejects.toThrow('no backup gives')
  })
}

describe('A directory of backups', () => {
  const stack = new AsyncDisposableStack()
  afterAll(() => stack.disposeAsync())
  behaves(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    return directoryStore(directory)
  })
})

const moto = await findProgram('moto_server')

describe('A bucket of backups', () => {
  beforeEach(context => {
    if (moto === undefined) context.skip('needs moto (pip install "moto[server]")')
  })
  const stack = new AsyncDisposableStack()
  let server: S3Server
  beforeAll(async () => {
    if (moto) server = stack.use(await startS3Server(moto))
  })
  afterAll(() => stack.disposeAsync())
  const open = (secret = server.secretAccessKey): ObjectStore => {
    const { endpoint, bucket, accessKeyId } = server
    const secretAccessKey = Secret.fromUtf8(secret)
    return s3Store({ endpoint, bucket, accessKeyId, secretAccessKey, region: 'us-east-1', prefix: 'here/' })
  }
  it('is open to the right key, and closed to a wrong one, which is said', async () => {
    await open().put('one', Buffer.from('x'))
    expect(await open().get('one', 1)).toEqual(Buffer.from('x'))
    const refused = 'S3 answers 403: the key may not, or is wrong'
    await expect(open('wrong').put('one', Buffer.from('y'))).rejects.toThrow(refused)
    await expect(open('wrong').get('one', 1)).rejects.toThrow(refused)
    await server.trustEverybody()
  })

  behaves(async () => open())

  it('lists more folders than one answer has', async context => {
    if (!isNightly) return context.skip('only at night: takes minutes')
    const store = open()
    const names = Array.from({ length: 1_005 }, (_, index) => `f${String(index).padStart(4, '0')}`)
    for (const name of names) await store.put(`many/${name}/x`, Buffer.from('x'))
    expect(await store.folders('many')).toEqual(names)
  })

  it('keeps a whole backup, which is proved from there', async () => {
    await using installation = await openInstallation()
    await using own = new AsyncDisposableStack()
    const scratchDirectory = await temporaryDirectory(own)
    await chmod(scratchDirectory, 0o711)
    const store = open()
    await makeBackup({ ...(await installation.options('')), store })
    const proof = await proveBackup({
      store,
      signer: installation.recipients.signer,
      identity: installation.prove.identity,
      chainKeyFile: installation.keyFiles['audit-chain'],
      scratchDirectory,
    })
    expect(proof).toMatchObject({ differences: [], recordings: 1 })
  })
})
