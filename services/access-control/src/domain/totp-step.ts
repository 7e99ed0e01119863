/** RFC 6238: the number of the 30 s step at a time. */
export const totpStepAt = (now: Date): number => {
  return Math.floor(now.getTime() / 30_000)
}

/** The steps whose code is accepted: one to either side for clocks that differ, none at or before the last used. */
export const acceptableSteps = (now: Date, lastAcceptedStep: number | undefined): number[] => {
  const current = totpStepAt(now)
  return [current - 1, current, current + 1].filter(step => step > (lastAcceptedStep ?? -1))
}

/** The code if it is exactly six ASCII digits. Spaces and other digits are refused, so that one code is one text. */
export const readCode = (text: string): string | undefined => {
  return /^[0-9]{6}$/.test(text) ? text : undefined
}
