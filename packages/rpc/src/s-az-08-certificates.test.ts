// @peculiar/x509 needs it loaded first.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { serviceOfCertificate } from './tls.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const certificateWith = async (
  names: readonly JsonGeneralName[],
  subject = 'CN=gateway',
): Promise<Buffer> => {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new SubjectAlternativeNameExtension([...names])] : [],
  })
  return Buffer.from(certificate.rawData)
}

const uri = (value: string): JsonGeneralName => ({ type: 'url', value })
const gateway = uri('spiffe://sallyport/gateway')

describe('S-AZ-08: a certificate names a service', () => {
  it('by exactly one URI, which is exactly its SPIFFE id', async () => {
    expect(serviceOfCertificate(await certificateWith([gateway]))).toBe('gateway')
    expect(serviceOfCertificate(await certificateWith([gateway, { type: 'dns', value: 'vault' }]))).toBe(
      'gateway',
    )
  })

  it.each<[string, JsonGeneralName[], string?]>([
    ['no name but in its subject', []],
    ['its id in the subject', [], 'CN=spiffe://sallyport/gateway'],
    ['two services', [gateway, uri('spiffe://sallyport/vault')]],
    ['the same service twice', [gateway, gateway]],
    ['a service and somebody else', [gateway, uri('spiffe://elsewhere/gateway')]],
    ['a service that there is not', [uri('spiffe://sallyport/intruder')]],
    ['another trust domain', [uri('spiffe://sallyport.example/gateway')]],
    ['more path', [uri('spiffe://sallyport/gateway/x')]],
    ['a slash more', [uri('spiffe://sallyport/gateway/')]],
    ['a slash too many', [uri('spiffe://sallyport//gateway')]],
    ['another case', [uri('spiffe://sallyport/Gateway')]],
    ['another scheme', [uri('https://sallyport/gateway')]],
    ['a query', [uri('spiffe://sallyport/gateway?x')]],
    ['an escape', [uri('spiffe://sallyport/%67ateway')]],
    ['a comma, as if there were two names', [uri('spiffe://elsewhere/, URI:spiffe://sallyport/gateway')]],
    ['a host name like the id', [{ type: 'dns', value: 'spiffe://sallyport/gateway' }]],
    ['a host name with a comma', [{ type: 'dns', value: 'x, URI:spiffe://sallyport/gateway' }]],
    ['an e-mail address', [{ type: 'email', value: 'gateway@sallyport' }]],
  ])('and nobody with %s', async (_what, names, subject) => {
    expect(serviceOfCertificate(await certificateWith(names, subject))).toBeUndefined()
  })

  it('and nobody without a certificate', () => {
    expect(serviceOfCertificate(undefined)).toBeUndefined()
  })
})
