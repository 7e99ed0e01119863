import type { Reader } from '@sallyport/config/reader'
import { parseNetwork } from './network.ts'
import type { EgressRules } from './rules.ts'

/** Reads `SALLYPORT_TARGETS_ON_LOOPBACK` and `SALLYPORT_FORBIDDEN_TARGETS`, a list of networks with commas. */
export const readEgressRules = (reader: Reader): EgressRules => ({
  allowLoopback: reader.flag('SALLYPORT_TARGETS_ON_LOOPBACK', false),
  forbidden: reader.list(
    'SALLYPORT_FORBIDDEN_TARGETS',
    text => parseNetwork(text) !== undefined,
    'networks such as 10.0.0.0/8',
  ),
})
