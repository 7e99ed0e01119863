import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Logger } from '@sallyport/telemetry/logger'
import type { ServiceName } from '@sallyport/identity/services'
import { serviceOfCertificate, type TlsFiles, type TlsMaterial } from './tls.ts'

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
export const renewTls = (tls: TlsMaterial, { log, everyMs = 10_000 }: Options): TlsMaterial & Disposable => {
  const { files } = tls
  if (!files) return { ...tls, [Symbol.dispose]: () => {} }
  const listeners = new Set<() => void>()
  let current: TlsMaterial = tls
  let refused: TlsMaterial | undefined
  const look = async (): Promise<void> => {
    const found = await readFiles(files)
    if (isSame(found, current) || (refused && isSame(found, refused))) return
    try {
      check(found, serviceOf(tls))
    } catch (err) {
      refused = found
      log.warn({ err }, 'The certificate on disk is not usable; the one before stays')
      return
    }
    current = found
    refused = undefined
    log.info({ validTo: new X509Certificate(found.certificate).validTo }, 'The certificate was renewed')
    for (const listener of listeners) listener()
  }
  const timer = setInterval(() => {
    look().catch((err: unknown) => log.warn({ err }, 'The certificate’s files cannot be read'))
  }, everyMs)
  timer.unref()
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
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

const readFiles = async (files: TlsFiles): Promise<TlsMaterial> => {
  const [certificate, privateKey, authority] = await Promise.all([
    readFile(files.certificate),
    readFile(files.privateKey),
    readFile(files.authority),
  ])
  return { certificate, privateKey, authority }
}

const isSame = (one: TlsMaterial, other: TlsMaterial): boolean =>
  one.certificate.equals(other.certificate) &&
  one.privateKey.equals(other.privateKey) &&
  one.authority.equals(other.authority)

const serviceOf = ({ certificate }: TlsMaterial): ServiceName | undefined =>
  serviceOfCertificate(new X509Certificate(certificate).raw)

/** Throws what is wrong with it. */
const check = (found: TlsMaterial, service: ServiceName | undefined): void => {
  createSecureContext({ cert: found.certificate, key: found.privateKey, ca: found.authority })
  if (serviceOf(found) !== service) throw new Error('It is the certificate of another service')
  if (new Date(new X509Certificate(found.certificate).validTo) < new Date()) throw new Error('It has expired')
}
