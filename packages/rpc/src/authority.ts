// @peculiar/x509 needs it loaded first.
import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { type ServiceName, spiffeIdOf } from '@sallyport/identity/services'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { TlsMaterial } from './tls.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 24 * 3600 * 1000

/** An authority of its own for one installation's services: a laptop, or a test. A cluster brings its own. */
export type ServiceAuthority = {
  readonly certificate: Buffer
  /** A certificate for a service, good for the given days from now. */
  readonly issue: (service: ServiceName, options?: { now?: Date; days?: number }) => Promise<TlsMaterial>
}

/** Makes a new authority whose private key exists in memory only: each start has new certificates. */
export const createServiceAuthority = async (now: Date = new Date()): Promise<ServiceAuthority> => {
  const keys = await generateKeys()
  const name = 'CN=Sallyport services'
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + 3650 * day),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const authority = pemOf(certificate)
  return {
    certificate: authority,
    issue: async (service, { now: from = new Date(), days = 365 } = {}) => {
      const own = await generateKeys()
      const issued = await X509CertificateGenerator.create({
        subject: `CN=${service}`,
        issuer: name,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(from.getTime() - day),
        notAfter: new Date(from.getTime() + days * day),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          // Two authorities of one name are told apart by it.
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
          new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeIdOf(service) }]),
        ],
      })
      return {
        certificate: pemOf(issued),
        privateKey: await privatePem(own.privateKey),
        authority,
      }
    },
  }
}

/** With a newline at its end, so that files of several can be made by joining them. */
const pemOf = (certificate: X509Certificate): Buffer => Buffer.from(`${certificate.toString('pem')}\n`)

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const privatePem = async (key: webcrypto.CryptoKey): Promise<Buffer> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return Buffer.from(
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
  )
}
