export type Trigger = 'request' | 'reveal' | 'session' | 'window' | 'custody'

/** What the rotation policy says about the moments when a secret must be changed. */
export type TriggerRules = { afterReveal: boolean; afterSession: boolean; afterWindow: boolean }

/** Giving back exclusive custody always changes the secret: whoever held it knows it. */
export const pulls = (rules: TriggerRules, trigger: Trigger): boolean => {
  switch (trigger) {
    case 'request':
    case 'custody':
      return true
    case 'reveal':
      return rules.afterReveal
    case 'session':
      return rules.afterSession
    case 'window':
      return rules.afterWindow
  }
}

/** What a new trigger means for a credential. */
export type Scheduling = 'schedule' | 'keep' | 'again' | 'restart' | 'covered'

export type Latest = {
  state: 'scheduled' | 'running' | 'unknown' | 'succeeded'
  /** When its newest attempt began; undefined: none did. */
  attemptedAt: Date | undefined
}

/**
 * One operation at a time, and none for what a later change has made harmless. `latest` is the open operation of the
 * credential, or else its last successful one.
 */
export const scheduling = (latest: Latest | undefined, happenedAt: Date, byPerson: boolean): Scheduling => {
  if (latest === undefined) return 'schedule'
  const changedSince = latest.attemptedAt !== undefined && latest.attemptedAt.getTime() > happenedAt.getTime()
  switch (latest.state) {
    case 'scheduled':
      return 'keep'
    case 'unknown':
      return 'restart'
    case 'running':
      return changedSince && !byPerson ? 'covered' : 'again'
    case 'succeeded':
      return changedSince && !byPerson ? 'covered' : 'schedule'
  }
}
