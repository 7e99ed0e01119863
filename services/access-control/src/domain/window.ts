import { SallyportError } from '@sallyport/errors/error'

export type Window = { start: Date; end: Date }

const defaultSeconds = 3600
const minSeconds = 60
const farthestStartSeconds = 90 * 24 * 3600
/** A start this far in the past is a slow client's "now". */
const toleratedPastSeconds = 60

/** The window that somebody asks for: by default from now, for an hour or what the policy allows. */
export const askedWindow = (
  asked: { start?: Date | undefined; end?: Date | undefined },
  maxWindowSeconds: number,
  now: Date,
): Window => {
  const start = asked.start === undefined ? now : notInThePast(asked.start, now)
  const end = asked.end ?? addSeconds(start, Math.min(defaultSeconds, maxWindowSeconds))
  return checkedWindow({ start, end }, maxWindowSeconds, now)
}

/** The window if it is whole, ahead, and no longer than the policy allows; otherwise an error. */
export const checkedWindow = (window: Window, maxWindowSeconds: number, now: Date): Window => {
  const seconds = secondsBetween(window.start, window.end)
  if (!(seconds > 0)) throw invalid('the window ends before it starts')
  if (seconds > maxWindowSeconds) throw invalid(`the window may last at most ${maxWindowSeconds} seconds`)
  if (seconds < Math.min(minSeconds, maxWindowSeconds)) throw invalid('the window is shorter than a minute')
  if (window.end <= now) throw invalid('the window is over')
  if (secondsBetween(now, window.start) > farthestStartSeconds) {
    throw invalid('the window starts more than 90 days ahead')
  }
  return window
}

export const isWithin = (window: Window, outer: Window): boolean => {
  return window.start >= outer.start && window.end <= outer.end
}

export const isOpen = (window: Window, now: Date): boolean => {
  return window.start <= now && now < window.end
}

export const secondsBetween = (from: Date, to: Date): number => {
  return (to.getTime() - from.getTime()) / 1000
}

export const addSeconds = (date: Date, seconds: number): Date => {
  return new Date(date.getTime() + seconds * 1000)
}

const notInThePast = (start: Date, now: Date): Date => {
  if (secondsBetween(start, now) > toleratedPastSeconds) throw invalid('the window starts in the past')
  return start < now ? now : start
}

const invalid = (message: string): SallyportError => {
  return new SallyportError('window.invalid', message)
}
