import { beforeEach } from 'vitest'

/** Skips the tests of a file, and says why, where what they need is missing. */
export const needs = (missing: string | undefined): void => {
  beforeEach(context => {
    if (missing) context.skip(missing)
  })
}
