import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'
import { type ServiceName, serviceOfSpiffeId, spiffeIdOf } from '@sallyport/identity/services'

/** A service's own certificate and key, and the authority that it trusts; all PEM. */
export type TlsMaterial = {
  readonly certificate: Buffer
  readonly privateKey: Buffer
  readonly authority: Buffer
}

/** Credentials of a server that answers only clients with a certificate of our authority. */
export const serverCredentials = (tls: TlsMaterial): ServerCredentials =>
  ServerCredentials.createSsl(
    tls.authority,
    [{ private_key: tls.privateKey, cert_chain: tls.certificate }],
    true,
  )

/** Credentials of a client that talks only to the named service, whatever its address is called. */
export const clientCredentials = (tls: TlsMaterial, service: ServiceName): ChannelCredentials =>
  ChannelCredentials.createSsl(tls.authority, tls.privateKey, tls.certificate, {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      serviceOfCertificate(certificate.raw) === service
        ? undefined
        : new Error(`The server at this address is not ${spiffeIdOf(service)}`),
  })

/** Certificates are as many as replicas; beyond this somebody plays. */
const maxKnown = 1_000
const known = new Map<string, ServiceName | undefined>()

/**
 * The service that a certificate names in its URI subject alternative name.
 * Exactly one URI, exactly one of ours; anything else is nobody.
 */
export const serviceOfCertificate = (der: Buffer | undefined): ServiceName | undefined => {
  if (!der) return undefined
  // Every call asks; to parse it each time was a twentieth of the vault's processor time.
  const key = der.toString('latin1')
  if (known.has(key)) return known.get(key)
  if (known.size >= maxKnown) known.clear()
  const service = parseService(der)
  known.set(key, service)
  return service
}

const parseService = (der: Buffer): ServiceName | undefined => {
  const names = new X509Certificate(der).subjectAltName?.split(', ') ?? []
  const uris = names.filter(name => name.startsWith('URI:'))
  const [only] = uris
  return uris.length === 1 && only ? serviceOfSpiffeId(only.slice('URI:'.length)) : undefined
}
