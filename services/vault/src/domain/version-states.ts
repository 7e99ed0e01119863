/** The life of a secret's version. At most one is current, and at most one a candidate. */
export type VersionState = 'candidate' | 'current' | 'retired' | 'abandoned'

/** What happens to a version: proved on the target; proved not to be; replaced by another one. */
export type VersionEvent = 'promote' | 'abandon' | 'supersede'

const transitions: Readonly<Record<VersionState, Partial<Record<VersionEvent, VersionState>>>> = {
  candidate: { promote: 'current', abandon: 'abandoned' },
  current: { supersede: 'retired' },
  retired: {},
  abandoned: {},
}

/** The state after an event; undefined if the event cannot happen to a version in this state. */
export const nextVersionState = (state: VersionState, event: VersionEvent): VersionState | undefined =>
  transitions[state][event]
