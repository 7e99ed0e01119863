import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { createServiceAuthority } from '@sallyport/rpc/authority'
import { eventually } from '@sallyport/testing/eventually'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renewCertificate } from '../src/edge/renew-certificate.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-gateway-'))
})
afterAll(() => rm(directory, { recursive: true }))

const day = 24 * 3_600_000

/** Whose certificate a new connection is shown. */
const shown = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber)
      socket.destroy()
    }).on('error', reject)
  })

describe('The gateway’s certificate', () => {
  it('is the one in its files, also when that changes; a bad one is not taken', async () => {
    const authority = await createServiceAuthority()
    const files = { certificate: join(directory, 'edge.crt'), privateKey: join(directory, 'edge.key') }
    const first = await authority.issue('gateway')
    const { certificate, privateKey } = first
    await writeFile(files.certificate, certificate)
    await writeFile(files.privateKey, privateKey)
    const app = fastify({ https: { cert: certificate, key: privateKey } })
    const warnings: string[] = []
    const log = { info: () => {}, warn: (_fields: object, text: string) => void warnings.push(text) } as never
    using _ = renewCertificate(app, { certificate, privateKey, files }, log, 10)
    const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
    const serial = (pem: Buffer): string => new X509Certificate(pem).serialNumber
    expect(await shown(port)).toBe(serial(certificate))

    const expired = await authority.issue('gateway', { now: new Date(Date.now() - 20 * day), days: 10 })
    await writeFile(files.certificate, expired.certificate)
    await eventually(() => warnings.length > 0)
    expect(await shown(port)).toBe(serial(certificate))

    const second = await authority.issue('gateway')
    await writeFile(files.privateKey, second.privateKey)
    await writeFile(files.certificate, second.certificate)
    await eventually(async () => (await shown(port)) === serial(second.certificate))
    await app.close()
  })
})
