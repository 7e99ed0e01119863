/** What to tell people before their window ends, soonest last. */
const WARNINGS = [
  {
    level: 1,
    beforeMilliseconds: 5 * 60_000,
    text: 'This session ends in 5 minutes, at the end of its window.',
  },
  { level: 2, beforeMilliseconds: 60_000, text: 'This session ends in 1 minute, at the end of its window.' },
] as const

export type WindowState =
  | { readonly kind: 'open' }
  | { readonly kind: 'warn'; readonly level: number; readonly text: string }
  | { readonly kind: 'over' }

/**
 * What the clock asks for now. `warnedLevel` is the last warning that was given, 0 for none.
 * A window that was short from the start gives only the warning that is true then.
 */
export const windowState = (endsAt: Date, now: Date, warnedLevel: number): WindowState => {
  const left = endsAt.getTime() - now.getTime()
  if (left <= 0) return { kind: 'over' }
  const due = WARNINGS.findLast(warning => left <= warning.beforeMilliseconds)
  if (due === undefined || due.level <= warnedLevel) return { kind: 'open' }
  return { kind: 'warn', level: due.level, text: exactly(due.text, left, due.beforeMilliseconds) }
}

const exactly = (text: string, left: number, expected: number): string =>
  expected - left < 10_000 ? text : `This session ends in ${inWords(left)}, at the end of its window.`

export const inWords = (milliseconds: number): string => {
  const seconds = Math.ceil(milliseconds / 1000)
  return seconds >= 120 ? `${Math.floor(seconds / 60)} minutes` : `${seconds} seconds`
}
