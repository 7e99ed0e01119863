/** What a login has still to do. */
export type NextStep = 'password-change' | 'totp-enrolment' | 'totp' | 'signed-in'

export type LoginProgress = {
  totpEnrolled: boolean
  totpProved: boolean
  mustChangePassword: boolean
}

/**
 * The next step of somebody who has proved the first factor. Two factors are everybody's duty. Who has a second
 * factor proves it before anything can be changed with the first alone; who has none yet first makes the password
 * his own, so that the enrolment belongs to him and not to whoever handed the initial password over.
 */
export const nextStep = (progress: LoginProgress): NextStep => {
  if (progress.totpEnrolled && !progress.totpProved) return 'totp'
  if (progress.mustChangePassword) return 'password-change'
  return progress.totpProved ? 'signed-in' : 'totp-enrolment'
}
