import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ServiceName } from '@sallyport/identity/services'
import { createKeyFinder } from '@sallyport/identity/verification-keys'
import { createLogger } from '@sallyport/telemetry/logger'
import { eventually } from '@sallyport/testing/eventually'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServiceAuthority, type ServiceAuthority } from './authority.ts'
import { openChannel } from './channel.ts'
import { serveRpc } from './server.ts'
import type { TlsFiles, TlsMaterial } from './tls.ts'
import { renewTls } from './tls-renewal.ts'

const keys = createKeyFinder({
  fetch: async () => ({ callerTokenKeys: '{"keys":[]}', grantKeys: '{"keys":[]}' }),
  now: () => performance.now(),
})

let directory: string
let authority: ServiceAuthority
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-tls-'))
  authority = await createServiceAuthority()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A service's material in files, followed, and what was told of it. */
const inFiles = async (service: ServiceName) => {
  const files: TlsFiles = {
    certificate: join(directory, `${service}.crt`),
    privateKey: join(directory, `${service}.key`),
    authority: join(directory, `${service}-ca.crt`),
  }
  const write = async (material: Partial<TlsMaterial>): Promise<void> => {
    if (material.certificate) await writeFile(files.certificate, material.certificate)
    if (material.privateKey) await writeFile(files.privateKey, material.privateKey)
    if (material.authority) await writeFile(files.authority, material.authority)
  }
  const first = await authority.issue(service)
  await write(first)
  const warnings: string[] = []
  const log = {
    info: () => {},
    warn: (_fields: object, message: string) => void warnings.push(message),
  } as never
  const tls = renewTls({ ...first, files }, { log, everyMs: 10 })
  return { tls, first, files, write, warnings }
}

const serve = (tls: TlsMaterial) =>
  serveRpc({
    service: 'vault',
    host: '127.0.0.1',
    port: 0,
    tls,
    keys,
    clock: { now: () => new Date() },
    log: createLogger('test', 'silent'),
    bindings: [],
  })

const serialOf = ({ certificate }: TlsMaterial): string => new X509Certificate(certificate).serialNumber

/** The serial number of the certificate that a server shows to somebody new. */
const shownBy = (address: string, { certificate, privateKey, authority: ca }: TlsMaterial): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      port: Number(address.split(':')[1]),
      host: '127.0.0.1',
      cert: certificate,
      key: privateKey,
      ca,
      ALPNProtocols: ['h2'],
      checkServerIdentity: () => undefined,
    })
    socket.once('error', reject).once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '')
      socket.destroy()
    })
  })

/** Whether somebody new with this material gets through to it. */
const letsIn = async (address: string, tls: TlsMaterial): Promise<boolean> => {
  using channel = openChannel({ service: 'vault', address, tls })
  return channel.connects(1_000)
}

describe('renewTls', () => {
  it('shows the certificate that was renewed to whoever comes next, and keeps who is there', async () => {
    const { tls, first, write } = await inFiles('vault')
    using _ = tls
    await using server = await serve(tls)
    const gateway = await authority.issue('gateway')
    using early = openChannel({ service: 'vault', address: server.address, tls: gateway })
    expect(await early.connects(1_000)).toBe(true)
    expect(await shownBy(server.address, gateway)).toBe(serialOf(first))
    const second = await authority.issue('vault')
    await write(second)
    await eventually(async () => (await shownBy(server.address, gateway)) === serialOf(second))
    expect(early.client.getChannel().getConnectivityState(false)).toBe(2)
  })

  it('changes the authority in three steps, and then lets nobody of the old one in', async () => {
    const { tls, first, write } = await inFiles('vault')
    using _ = tls
    await using server = await serve(tls)
    const next = await createServiceAuthority()
    const both = Buffer.concat([authority.certificate, next.certificate])
    const old = { ...(await authority.issue('gateway')), authority: both }
    const fresh = { ...(await next.issue('gateway')), authority: both }
    expect(await letsIn(server.address, fresh)).toBe(false)
    await write({ authority: both })
    await eventually(() => letsIn(server.address, fresh))
    expect(await letsIn(server.address, old)).toBe(true)
    await write({ ...(await next.issue('vault')), authority: both })
    await eventually(async () => (await shownBy(server.address, fresh)) !== serialOf(first))
    await write({ authority: next.certificate })
    await eventually(async () => !(await letsIn(server.address, old)))
    expect(await letsIn(server.address, fresh)).toBe(true)
  })

  it('renews what a client shows and trusts, too', async () => {
    const next = await createServiceAuthority()
    await using server = await serve(await next.issue('vault'))
    const { tls, write } = await inFiles('gateway')
    using _ = tls
    using channel = openChannel({ service: 'vault', address: server.address, tls })
    expect(await channel.connects(300)).toBe(false)
    await write(await next.issue('gateway'))
    expect(await channel.connects(5_000)).toBe(true)
  })

  it.each<[string, (files: TlsFiles) => Promise<void>]>([
    [
      'a key that is not written yet',
      async files => writeFile(files.certificate, (await authority.issue('vault')).certificate),
    ],
    [
      'half a certificate',
      async files =>
        writeFile(files.certificate, (await authority.issue('vault')).certificate.subarray(0, 200)),
    ],
    ['an empty file', files => writeFile(files.privateKey, '')],
    ['a file that is gone', files => rm(files.certificate)],
    [
      'the certificate of another service',
      async files => {
        const other = await authority.issue('gateway')
        await writeFile(files.certificate, other.certificate)
        await writeFile(files.privateKey, other.privateKey)
      },
    ],
    [
      'one that has expired',
      async files => {
        const stale = await authority.issue('vault', {
          now: new Date(Date.now() - 10 * 24 * 3_600_000),
          days: 1,
        })
        await writeFile(files.certificate, stale.certificate)
        await writeFile(files.privateKey, stale.privateKey)
      },
    ],
  ])('keeps what it has for %s, and says so', async (_title, spoil) => {
    const { tls, first, files, write, warnings } = await inFiles('vault')
    using _ = tls
    await spoil(files)
    await eventually(() => warnings.length > 0)
    expect(serialOf(tls)).toBe(serialOf(first))
    expect(tls.privateKey.equals(first.privateKey)).toBe(true)
    const good = await authority.issue('vault')
    await write(good)
    await eventually(() => serialOf(tls) === serialOf(good))
  })
})
