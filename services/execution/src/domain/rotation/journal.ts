/** How far an attempt came. Each step is stored before the next one begins. */
export const journalSteps = [
  'begun',
  'candidate-sealed',
  // From here on the target may have the candidate.
  'sending',
  'sent',
  'new-verified',
  'old-refused',
  'promoted',
] as const

export type JournalStep = (typeof journalSteps)[number] | 'abandoned'

/** The target may have the candidate since this step. */
export const mayHaveSent = (step: JournalStep): boolean => {
  const index = journalSteps.findIndex(name => name === step)
  return index >= journalSteps.indexOf('sending')
}

/** The change was made, as far as anybody could tell: the candidate is the better guess. */
export const wasSent = (step: JournalStep): boolean => {
  const index = journalSteps.findIndex(name => name === step)
  return index >= journalSteps.indexOf('sent')
}
