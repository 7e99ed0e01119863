export type BackOff = { firstSeconds: number; mostSeconds: number }

export const defaultBackOff: BackOff = { firstSeconds: 5, mostSeconds: 600 }

/** How long after the last attempt an unknown outcome is looked into again, if that is of any use. */
export const resolveAgainSeconds = 1800

/**
 * Seconds to wait after the given number of attempts: doubling, capped, and spread over the upper half so that a
 * target that was away is not met by every operation at once. `random` is in [0, 1).
 */
export const delaySeconds = (attempts: number, random: number, backOff: BackOff = defaultBackOff): number => {
  const whole = Math.min(backOff.mostSeconds, backOff.firstSeconds * 2 ** Math.max(0, attempts - 1))
  return whole / 2 + (whole / 2) * random
}
