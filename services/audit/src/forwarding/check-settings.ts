import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { safeText } from '@sallyport/audit-events/safe-text'
import { SallyportError } from '@sallyport/errors/error'
import type { DestinationSettings } from '../domain/forwarding/destination.ts'

const maxAuthority = 64 * 1_024
const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const hostName = /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i

const invalid = (message: string): SallyportError => new SallyportError('request.invalid', message)

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

const checkAuthority = (pem: string): void => {
  if (pem === '') return
  const found = pem.length <= maxAuthority ? (pem.match(certificate) ?? []) : []
  if (found.length === 0) throw invalid('authority must be certificates in PEM, 64 KiB at most')
  if (!found.every(isCertificate)) throw invalid('authority holds a certificate that cannot be read')
}

/** @throws SallyportError `request.invalid` that names the field */
export const checkSettings = (settings: DestinationSettings): DestinationSettings => {
  const { name, host, port } = settings
  if (name.trim() !== name || name === '' || safeText(name, 100) !== name)
    throw invalid('name must have 1 to 100 printable characters')
  if (isIP(host) === 0 && !hostName.test(host)) throw invalid('host must be a name or an IP address')
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('port must be 1 to 65535')
  checkAuthority(settings.authority)
  return settings
}
