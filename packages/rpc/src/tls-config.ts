import type { Reader } from '@sallyport/config/reader'
import type { TlsMaterial } from './tls.ts'

/** Reads a service's certificate, key and authority from the files that the environment names. */
export const readTlsMaterial = (reader: Reader): TlsMaterial => ({
  certificate: reader.bytes('SALLYPORT_TLS_CERTIFICATE_FILE'),
  privateKey: reader.bytes('SALLYPORT_TLS_KEY_FILE'),
  authority: reader.bytes('SALLYPORT_TLS_AUTHORITY_FILE'),
  files: {
    certificate: reader.optional('SALLYPORT_TLS_CERTIFICATE_FILE') ?? '',
    privateKey: reader.optional('SALLYPORT_TLS_KEY_FILE') ?? '',
    authority: reader.optional('SALLYPORT_TLS_AUTHORITY_FILE') ?? '',
  },
})
