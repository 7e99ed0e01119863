import { createRequire } from 'node:module'
import type { Logger } from '@sallyport/telemetry/logger'

/**
 * Whether ssh2 found its native addon. Without it everything works, at a tenth of the speed and on the main thread,
 * and ssh2 says nothing about it.
 */
export const hasNativeAddon = (): boolean => {
  const internals: unknown = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js')
  return (
    typeof internals === 'object' && internals !== null && Reflect.get(internals, 'bindingAvailable') === true
  )
}

/** Warns once without the addon, or refuses to start where it is required. */
export const checkNativeAddon = ({
  required,
  log,
}: {
  required: boolean
  log: Pick<Logger, 'warn'>
}): void => {
  if (hasNativeAddon()) return
  if (required)
    throw new Error('ssh2 has no native addon: build it, or set SALLYPORT_SSH_REQUIRE_NATIVE_ADDON=false')
  log.warn('ssh2 has no native addon: SSH sessions will be about ten times slower than they could be')
}
