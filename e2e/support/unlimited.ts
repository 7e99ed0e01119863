import { defaultLimits } from '@sallyport/gateway/config'
import type { Environment } from './service-environment.ts'

/** For a gateway in whose test nobody's own limit is to be in the way: clients that try again and again, or a flood. */
export const unlimited: Environment = Object.fromEntries(
  Object.keys(defaultLimits).map(name => [
    `SALLYPORT_GATEWAY_LIMIT_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
    '10000000',
  ]),
)
