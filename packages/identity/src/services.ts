/** The deployables that call or answer RPCs. A name is also the last part of the SPIFFE id. */
export const serviceNames = [
  'gateway',
  'access-control',
  'vault',
  'execution',
  'session-proxy',
  'audit',
] as const

export type ServiceName = (typeof serviceNames)[number]

export const isServiceName = (text: string): text is ServiceName => serviceNames.some(name => name === text)

/** The identity in a service's certificate, as a URI subject alternative name (SPIFFE ID). */
export const spiffeIdOf = (service: ServiceName): string => `spiffe://sallyport/${service}`

/** The service that a SPIFFE id names, or undefined for anything that is not exactly one of ours. */
export const serviceOfSpiffeId = (id: string): ServiceName | undefined =>
  serviceNames.find(name => spiffeIdOf(name) === id)
