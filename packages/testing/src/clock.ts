/** A clock that stands still until it is told to move. */
export type FakeClock = {
  readonly now: () => Date
  readonly advance: (milliseconds: number) => void
  readonly set: (time: Date) => void
}

export const fakeClock = (start: Date = new Date('2026-01-01T00:00:00Z')): FakeClock => {
  let time = start.getTime()
  return {
    now: () => new Date(time),
    advance: milliseconds => {
      time += milliseconds
    },
    set: to => {
      time = to.getTime()
    },
  }
}
