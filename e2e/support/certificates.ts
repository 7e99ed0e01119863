import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:tls'
import type { ServiceName } from '@sallyport/identity/services'
import { createServiceAuthority, type ServiceAuthority } from '@sallyport/rpc/authority'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import type { DataDirectory } from '@sallyport/standalone/data-directory'
import { type Environment, forEachService } from './service-environment.ts'

/** What services prove themselves with, in files. */
export type Certificates = {
  /** Tells a service where they are. */
  readonly environments: Readonly<Record<ServiceName, Environment>>
  /** By which they are issued first. */
  readonly authority: ServiceAuthority
  /**
   * Gives every service a certificate and a key that are new, in the files of the old ones, as cert-manager does.
   * @param trusted the authorities to believe from now on, as PEM
   * @returns the serial numbers
   */
  readonly renew: (
    issuer: ServiceAuthority,
    trusted: Buffer,
  ) => Promise<Readonly<Record<ServiceName, string>>>
}

export const writeCertificates = async (data: DataDirectory): Promise<Certificates> => {
  const authority = await createServiceAuthority()
  await mkdir(data.path('tls'), { recursive: true, mode: 0o700 })
  const path = (name: ServiceName, part: string): string => data.path('tls', `${name}-${part}.pem`)
  const renew: Certificates['renew'] = (issuer, trusted) =>
    forEachService(async name => {
      const { certificate, privateKey } = await issuer.issue(name)
      const parts: readonly [string, Buffer][] = [
        ['authority', trusted],
        ['key', privateKey],
        ['certificate', certificate],
      ]
      for (const [part, pem] of parts) {
        await writeFile(`${path(name, part)}.new`, pem, { mode: 0o600 })
        await rename(`${path(name, part)}.new`, path(name, part))
      }
      return new X509Certificate(certificate).serialNumber
    })
  await renew(authority, authority.certificate)
  const environments = await forEachService(async name => ({
    SALLYPORT_TLS_CERTIFICATE_FILE: path(name, 'certificate'),
    SALLYPORT_TLS_KEY_FILE: path(name, 'key'),
    SALLYPORT_TLS_AUTHORITY_FILE: path(name, 'authority'),
  }))
  return { environments, authority, renew }
}

/** What a service proves itself with, as it stands in its files; whoever took it over has it. */
export const certificateIn = async (environment: Environment): Promise<TlsMaterial> => {
  const read = (part: string): Promise<Buffer> => readFile(environment[`SALLYPORT_TLS_${part}_FILE`] ?? '')
  const [certificate, privateKey, authority] = [read('CERTIFICATE'), read('KEY'), read('AUTHORITY')]
  return { certificate: await certificate, privateKey: await privateKey, authority: await authority }
}

/** Whether a certificate is its key's: files that are just replaced do not fit. */
export const fits = ({ certificate, privateKey }: TlsMaterial): boolean =>
  new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))

/** The serial number of the certificate that whoever listens on a port of loopback shows. */
export const serialAt = async (port: number): Promise<string> => {
  // It may ask for ours, and hang up, after it has shown its own.
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}
