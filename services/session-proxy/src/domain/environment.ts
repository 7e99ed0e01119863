/** How a client gives its reason without a terminal: `ssh -o 'SetEnv=SALLYPORT_REASON="…"'`. Never passed on. */
export const REASON_VARIABLE = 'SALLYPORT_REASON'

const MAX_VARIABLES = 20
const MAX_VALUE_CHARACTERS = 256

/**
 * Whether a variable may be set on the target. Only language and time: nothing that a loader, shell or pager obeys
 * (LD_PRELOAD, BASH_ENV, LESSOPEN …).
 */
export const mayPassVariable = (name: string, value: string, alreadySet: number): boolean =>
  alreadySet < MAX_VARIABLES &&
  /^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ|COLORTERM)$/.test(name) &&
  value.length <= MAX_VALUE_CHARACTERS &&
  /^[\w.,:@/+-]*$/.test(value)
