import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyScope } from '@sallyport/contracts/vault/v1/secrets'
import { createDevelopmentKeyRing, openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import type { RootKeyProvider, RootKeyRotator } from '@sallyport/crypto/key-provider'
import { serviceNames } from '@sallyport/identity/services'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyMethods } from '../src/rpc/methods.ts'
import {
  type GrantTarget,
  makeTarget,
  newUser,
  reason,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

let vault: VaultUnderTest
let directory: string
let keyFile: string
let rootKeys: RootKeyProvider & RootKeyRotator
let target: GrantTarget
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vault-root-key-'))
  keyFile = join(directory, 'root-keys.json')
  await createDevelopmentKeyRing(keyFile)
  rootKeys = await openFileKeyProvider(keyFile)
  vault = await startVaultUnderTest({ rootKeys })
  target = await makeTarget(vault)
})
afterAll(async () => {
  await vault[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const release = async (): Promise<string> => {
  const grant = await vault.grant(target, { action: 'session' })
  return (await vault.as('session-proxy').secrets.releaseSecret(grant)).secret.toString()
}
const otherRing = async (): Promise<string> => {
  const path = join(directory, randomUUID())
  await createDevelopmentKeyRing(path)
  return path
}

describe('S-SE-04: without its root keys the vault is sealed', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['a key file that is not there', async () => join(directory, 'none'), 'root_key.unavailable'],
    [
      'a key file that is empty',
      async () => {
        const path = join(directory, randomUUID())
        await writeFile(path, '', { mode: 0o600 })
        return path
      },
      'root_key.unavailable',
    ],
    ['the key file of another installation', otherRing, 'root_key.wrong'],
    [
      'the right name on the wrong key',
      async () => {
        const path = join(directory, randomUUID())
        const ring = JSON.parse(await readFile(keyFile, 'utf8'))
        for (const key of ring.keys) key.key = Buffer.alloc(32, 9).toString('base64')
        await writeFile(path, JSON.stringify(ring), { mode: 0o600 })
        return path
      },
      'root_key.wrong',
    ],
    [
      'a newer key without the older one that everything is under',
      async () => {
        const path = await otherRing()
        const provider = await openFileKeyProvider(path)
        await provider.addKey()
        return path
      },
      'root_key.wrong',
    ],
  ])('with %s it does not start, says why, and leaves no port open', async (_what, path, expected) => {
    const port = await portOfItsOwn()
    await expect(vault.startAnother({ rootKeyFile: await path(), port })).rejects.toEqual(reason(expected))
    await expect(isFree(port)).resolves.toBe(true)
    expect(await release()).toBe('first-secret')
  })

  test('one damaged tenant key does not keep everybody else out', async () => {
    const damaged = await makeTarget(vault)
    const flip = `update vault.tenant_keys set wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1)
      where tenant_id = $1`
    await vault.database.adminPool.query(flip, [damaged.caller.tenantId])
    await vault.restart({ rootKeys })
    expect(await release()).toBe('first-secret')
    await vault.database.adminPool.query(flip, [damaged.caller.tenantId])
  })

  test('with a key file that goes away it seals nothing new and rotates nothing, until it is back', async () => {
    await rename(keyFile, `${keyFile}.away`)
    await expect(makeTarget(vault)).rejects.toEqual(reason('root_key.unavailable'))
    const operator = await vault.token(target.caller)
    const rotation = vault.as('gateway').keys.startKeyRotation({ scope: KeyScope.ROOT }, operator)
    await expect(rotation).rejects.toEqual(reason('root_key.unavailable'))
    // What is open already goes on: a mounted secret that blinks must not end every session.
    expect(await release()).toBe('first-secret')
    await rename(`${keyFile}.away`, keyFile)
    await makeTarget(vault)
  })

  test('nobody but an operator’s administrator starts a rotation of its keys, and nobody can cancel one', async () => {
    expect(Object.keys(keyMethods)).toEqual(['startKeyRotation', 'getKeyRotation', 'listKeyRotations'])
    const good = await vault.token(target.caller)
    const powerless = await vault.token({ ...newUser(target.caller.tenantId), permissions: new Set() })
    const administrator = await vault.token({
      ...target.caller,
      permissions: new Set(['key.rotate'] as const),
    })
    const start = (caller: Parameters<VaultUnderTest['as']>[0], options: object) =>
      vault.as(caller).keys.startKeyRotation({ scope: KeyScope.ROOT }, options)
    const others = serviceNames.filter(name => name !== 'gateway' && name !== 'vault')
    let refused = 0
    for (const service of others) {
      await expect(start(service, good)).rejects.toEqual(reason('service.not_allowed'))
      refused += 1
    }
    await expect(start('gateway', {})).rejects.toEqual(reason('caller.unauthenticated'))
    await expect(start('gateway', { callerToken: 'x.y.z' })).rejects.toEqual(reason('caller.token_invalid'))
    await expect(start('gateway', powerless)).rejects.toEqual(reason('caller.not_allowed'))
    await expect(start('gateway', administrator)).rejects.toEqual(reason('caller.not_allowed'))
    figure(
      'S-SE-04',
      `5 wrong key files: no start; ${refused + 4} callers refused; no call cancels a rotation`,
    )
  })
})

const portOfItsOwn = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
