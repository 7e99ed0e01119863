import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Logger } from '@sallyport/telemetry/logger'
import type { ServiceName } from '@sallyport/identity/services'
import { checkTime, followFiles } from './follow-files.ts'
import { serviceOfCertificate, type TlsMaterial } from './tls.ts'

type Options = {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Milliseconds between two looks at the files. */
  readonly everyMs?: number
}

/**
 * Follows the files that the material was read from: new connections are made and accepted with what stands in them,
 * those that there are go on. A certificate that does not fit its key, or that is another service's, is not taken: the
 * files may be half written. Material without files stays as it is.
 */
export const renewTls = (tls: TlsMaterial, { log, everyMs }: Options): TlsMaterial & Disposable => {
  const { files, certificate, privateKey, authority } = tls
  if (!files) return { ...tls, [Symbol.dispose]: () => {} }
  const listeners = new Set<() => void>()
  let current: Pem = { certificate, privateKey, authority }
  const following = followFiles(current, {
    files,
    check: found => check(found, serviceOf(tls)),
    onChange: found => {
      current = found
      for (const listener of listeners) listener()
    },
    log,
    ...(everyMs && { everyMs }),
  })
  return {
    get certificate() {
      return current.certificate
    },
    get privateKey() {
      return current.privateKey
    },
    get authority() {
      return current.authority
    },
    files,
    onRenewal: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  }
}

type Pem = Readonly<Record<'certificate' | 'privateKey' | 'authority', Buffer>>

const serviceOf = ({ certificate }: Pick<Pem, 'certificate'>): ServiceName | undefined =>
  serviceOfCertificate(new X509Certificate(certificate).raw)

/** Throws what is wrong with it. */
const check = (found: Pem, service: ServiceName | undefined): void => {
  createSecureContext({ cert: found.certificate, key: found.privateKey, ca: found.authority })
  if (serviceOf(found) !== service) throw new Error('It is the certificate of another service')
  checkTime(found)
}
