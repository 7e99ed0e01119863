import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import { type ChannelCredentials, experimental, type ServerCredentials } from '@grpc/grpc-js'
import { type ServiceName, serviceOfSpiffeId, spiffeIdOf } from '@sallyport/identity/services'

/** A service's own certificate and key, and the authority that it trusts; all PEM. */
export type TlsMaterial = {
  readonly certificate: Buffer
  readonly privateKey: Buffer
  readonly authority: Buffer
  /** Where they were read from, if it was from files. */
  readonly files?: TlsFiles
  /** Calls the listener whenever they have changed, until the returned function is called. */
  readonly onRenewal?: (listener: () => void) => () => void
}

/** Paths. */
export type TlsFiles = Readonly<Record<'certificate' | 'privateKey' | 'authority', string>>

/** Credentials of a server that answers only clients with a certificate of our authority. */
export const serverCredentials = (tls: TlsMaterial): ServerCredentials => {
  const provider = providerOf(tls)
  return experimental.createCertificateProviderServerCredentials(provider, provider, true)
}

/** Credentials of a client that talks only to the named service, whatever its address is called. */
export const clientCredentials = (tls: TlsMaterial, service: ServiceName): ChannelCredentials => {
  const provider = providerOf(tls)
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      serviceOfCertificate(certificate.raw) === service
        ? undefined
        : new Error(`The server at this address is not ${spiffeIdOf(service)}`),
  })
}

/** The material as grpc-js asks for it: told once to each listener, and again whenever it has changed. */
const providerOf = (tls: TlsMaterial): experimental.CertificateProvider => {
  const ends = new Map<object, () => void>()
  const add = (listener: object, tell: () => void): void => {
    ends.set(listener, tls.onRenewal?.(tell) ?? (() => {}))
    // Who listens is not ready for it before.
    queueMicrotask(tell)
  }
  const remove = (listener: object): void => {
    ends.get(listener)?.()
    ends.delete(listener)
  }
  return {
    addCaCertificateListener: listener => add(listener, () => listener({ caCertificate: tls.authority })),
    removeCaCertificateListener: remove,
    addIdentityCertificateListener: listener => add(listener, () => listener(tls)),
    removeIdentityCertificateListener: remove,
  }
}

const known = new WeakMap<Buffer, { readonly service: ServiceName | undefined }>()

/**
 * The service that a certificate names in its URI subject alternative name.
 * Exactly one URI, exactly one of ours; anything else is nobody.
 */
export const serviceOfCertificate = (der: Buffer | undefined): ServiceName | undefined => {
  if (!der) return undefined
  // Every call asks; to parse it each time was a twentieth of the vault's processor time.
  const found = known.get(der) ?? { service: parseService(der) }
  known.set(der, found)
  return found.service
}

const parseService = (der: Buffer): ServiceName | undefined => {
  const names = new X509Certificate(der).subjectAltName?.split(', ') ?? []
  const uris = names.filter(name => name.startsWith('URI:'))
  const [only] = uris
  return uris.length === 1 && only ? serviceOfSpiffeId(only.slice('URI:'.length)) : undefined
}
