import { setTimeout } from 'node:timers/promises'
import { TOTP, URI } from 'otpauth'

/** Where the time comes from, in milliseconds since 1970. */
export type CodeClock = { readonly now: () => number; readonly wait: (ms: number) => Promise<unknown> }

const systemClock: CodeClock = { now: Date.now, wait: ms => setTimeout(ms) }

/**
 * Codes of an `otpauth:` URI, none of them twice: no code is accepted twice, so one may have to wait for the next half
 * minute. The server takes the one of the half minute to come too, which saves half of the waits.
 */
export const oneTimeCodes = (uri: string, clock: CodeClock = systemClock): (() => Promise<string>) => {
  const totp = URI.parse(uri)
  if (!(totp instanceof TOTP)) throw new Error('The second factor is not one of time-based codes')
  const periodMs = totp.period * 1000
  let last = 0
  return async () => {
    const counter = Math.max(Math.floor(clock.now() / periodMs), last + 1)
    last = counter
    await clock.wait(Math.max(0, (counter - 1) * periodMs - clock.now()))
    return totp.generate({ timestamp: counter * periodMs })
  }
}
