import type { Reader } from '@sallyport/config/reader'

/** Where health is told; nowhere unless a port is given. */
export type HealthConfig = { readonly host: string; readonly port: number }

export const readHealth = (reader: Reader): HealthConfig | undefined => {
  if (reader.optional('SALLYPORT_HEALTH_PORT') === undefined) return undefined
  return {
    host: reader.text('SALLYPORT_HEALTH_HOST', '127.0.0.1'),
    port: reader.integer('SALLYPORT_HEALTH_PORT', { min: 0, max: 65_535 }),
  }
}
