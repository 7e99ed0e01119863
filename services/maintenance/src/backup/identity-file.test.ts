import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentityFile, readIdentityFile } from './identity-file.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-identity-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('A file with a key that opens backups', () => {
  it('is made once, for its owner only, and names the signer', async () => {
    const path = join(directory, 'recovery')
    const of = { purpose: 'To recover', signer: 'sallyport-backup-signer-x' }
    const recipient = await createIdentityFile(path, of)
    expect(recipient).toMatch(/^age1pq1/)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await createIdentityFile(path, of)).toBeUndefined()
    using key = await readIdentityFile(path)
    expect(key.signer).toBe('sallyport-backup-signer-x')
    expect(key.identity.use(bytes => bytes.toString())).toMatch(/^AGE-SECRET-KEY-PQ-1/)
  })

  it.each([
    ['nothing', ''],
    ['two keys', 'AGE-SECRET-KEY-1A\nAGE-SECRET-KEY-1B\n'],
    ['something else', 'password\n'],
  ])('is refused with %s in it, which is not quoted', async (_, content) => {
    const path = join(directory, 'bad')
    await writeFile(path, content, { mode: 0o600 })
    await expect(readIdentityFile(path)).rejects.toThrow(/^The key file .* holds no age key, or several$/)
  })

  it('is refused if others may read it', async () => {
    const path = join(directory, 'open')
    await writeFile(path, 'AGE-SECRET-KEY-1A\n', { mode: 0o644 })
    await expect(readIdentityFile(path)).rejects.toThrow('others may read or write it')
  })
})
