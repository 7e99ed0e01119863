import type { Problem } from './verify-chain.ts'

/** What is found out about the first row that does not fit, by reading on to the end. */
export type Suspect = {
  /** A later row. `isMissing`: it is the genuine record that should have stood at the suspect's place. */
  readonly look: (bodySequence: number, isMissing: boolean) => void
  readonly problem: () => Problem
}

type Facts = {
  /** The suspect itself is the genuine record of this place: only its columns were touched. */
  readonly isGenuine: boolean
  readonly rowSequence: number
  readonly bodySequence: number
  readonly place: number
}

/** Judges the first row that does not fit. */
export const suspectOf = (facts: Facts): Suspect => {
  const { isGenuine, rowSequence, bodySequence, place } = facts
  let missingLater = false
  let twinLater = false
  let following = Number.NaN

  // The record of this place is further down, so something stands in front of it.
  const displaced = (): Problem => {
    // Later than its place and only here: it changed places. Anything else is a copy or a forgery.
    return bodySequence > place && !twinLater ? 'reordered' : 'inserted'
  }
  const lost = (): Problem => {
    if (rowSequence > place) return 'removed'
    if (rowSequence < place) return 'inserted'
    // Removed and renumbered: the ones behind moved up together, so the next follows this one.
    const movedUp = bodySequence > place && !twinLater
    return movedUp && following === bodySequence + 1 ? 'removed' : 'edited'
  }
  return {
    look: (sequence, isMissing) => {
      if (Number.isNaN(following)) following = sequence
      missingLater ||= isMissing
      twinLater ||= sequence === bodySequence
    },
    problem: () => {
      if (isGenuine) return rowSequence === place ? 'edited' : 'reordered'
      return missingLater ? displaced() : lost()
    },
  }
}
