import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { createLogger } from '@sallyport/telemetry/logger'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createServiceAuthority, type ServiceAuthority } from './authority.ts'
import type { RefusedConnection } from './refused-connections.ts'
import { type RpcServer, serveRpc } from './server.ts'
import type { TlsMaterial } from './tls.ts'

const day = 24 * 3_600_000
let authority: ServiceAuthority
let server: RpcServer
const refused: RefusedConnection[] = []

beforeAll(async () => {
  authority = await createServiceAuthority(new Date(Date.now() - 30 * day))
  server = await serveRpc({
    service: 'vault',
    host: '127.0.0.1',
    port: 0,
    tls: await authority.issue('vault'),
    keys: () => Promise.reject(new Error('nobody asks')),
    clock: { now: () => new Date() },
    log: createLogger('vault', 'silent'),
    bindings: [],
    onConnectionRefused: async connection => void refused.push(connection),
  })
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => void refused.splice(0))

const [host, port] = ['127.0.0.1', () => Number(server.address.split(':')[1])]

/** Shakes hands, asks nothing, and waits for the server to hang up. */
const shakeHands = async (options: ConnectionOptions): Promise<void> => {
  const socket = connect({ host, port: port(), rejectUnauthorized: false, ALPNProtocols: ['h2'], ...options })
  socket.on('error', () => {})
  socket.resume()
  const over = new Promise(resolve => socket.once('close', resolve))
  // Over TLS 1.3 a client learns that it was refused with the first answer.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  setTimeout(() => socket.end(), 300)
  await over
}

const as = ({ certificate, privateKey }: TlsMaterial): ConnectionOptions => ({
  cert: certificate,
  key: privateKey,
})

describe('S-K8-03: a connection between services', () => {
  it.each<[string, () => Promise<ConnectionOptions>, RegExp]>([
    [
      'another authority',
      async () => as(await (await createServiceAuthority()).issue('gateway')),
      /SIGN|ISSUER/,
    ],
    [
      'a certificate that has expired',
      async () => as(await authority.issue('gateway', { now: new Date(Date.now() - 20 * day), days: 10 })),
      /^CERT_HAS_EXPIRED$/,
    ],
    [
      'a certificate that is not good yet',
      async () => as(await authority.issue('gateway', { now: new Date(Date.now() + 20 * day) })),
      /^CERT_NOT_YET_VALID$/,
    ],
    ['no certificate', async () => ({}), /CERTIFICATE|UNABLE/],
    [
      'TLS 1.1',
      async () => ({
        ...as(await authority.issue('gateway')),
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL@SECLEVEL=0',
      }),
      /VERSION|PROTOCOL/,
    ],
  ])('with %s is refused, and told', async (_title, options, reason) => {
    await shakeHands(await options())
    const [one] = await eventually(() => refused.length > 0 && refused)
    expect(one?.sourceAddress).toBe('127.0.0.1')
    expect(one?.reason).toMatch(reason)
  })

  it('in clear is refused, and told', async () => {
    const socket = connectTcp(port(), host).on('error', () => {})
    socket.end('GET / HTTP/1.1\r\n\r\n')
    await once(socket.resume(), 'close')
    const [one] = await eventually(() => refused.length > 0 && refused)
    expect(one?.reason).toMatch(/^ERR_SSL/)
  })

  it('that is only tried, as probes do, or is good, is not told', async () => {
    const probe = connectTcp(port(), host)
    await once(probe, 'connect')
    probe.destroy()
    await shakeHands(as(await authority.issue('gateway')))
    expect(refused).toEqual([])
  })
})
