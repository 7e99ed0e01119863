/** An activity of an OCSF 1.8 event class. */
export type OcsfActivity = { readonly class: number; readonly activity: number }

/**
 * The OCSF activities that audit events map to. A table, because OCSF moves: classes 3001 and 3005 are deprecated
 * in 1.9, and a later version changes rows here and nothing else.
 */
export const ocsfActivities = {
  'account.create': { class: 3001, activity: 1 },
  'account.enable': { class: 3001, activity: 2 },
  'account.password-change': { class: 3001, activity: 3 },
  'account.password-reset': { class: 3001, activity: 4 },
  'account.disable': { class: 3001, activity: 5 },
  'account.delete': { class: 3001, activity: 6 },
  'account.lock': { class: 3001, activity: 9 },
  'account.mfa-enable': { class: 3001, activity: 10 },
  'account.mfa-disable': { class: 3001, activity: 11 },
  'account.other': { class: 3001, activity: 99 },
  'authentication.logon': { class: 3002, activity: 1 },
  'authentication.logoff': { class: 3002, activity: 2 },
  'authentication.other': { class: 3002, activity: 99 },
  'entity.create': { class: 3004, activity: 1 },
  'entity.read': { class: 3004, activity: 2 },
  'entity.update': { class: 3004, activity: 3 },
  'entity.delete': { class: 3004, activity: 4 },
  'entity.other': { class: 3004, activity: 99 },
  'access.assign': { class: 3005, activity: 1 },
  'access.revoke': { class: 3005, activity: 2 },
  'access.other': { class: 3005, activity: 99 },
  'ssh.open': { class: 4007, activity: 1 },
  'ssh.close': { class: 4007, activity: 2 },
  'ssh.reset': { class: 4007, activity: 3 },
  'ssh.fail': { class: 4007, activity: 4 },
  'ssh.refuse': { class: 4007, activity: 5 },
  'ssh.traffic': { class: 4007, activity: 6 },
  'api.create': { class: 6003, activity: 1 },
  'api.read': { class: 6003, activity: 2 },
  'api.update': { class: 6003, activity: 3 },
  'api.delete': { class: 6003, activity: 4 },
  'api.other': { class: 6003, activity: 99 },
  'datastore.read': { class: 6005, activity: 1 },
  'datastore.update': { class: 6005, activity: 2 },
  'datastore.query': { class: 6005, activity: 4 },
  'datastore.write': { class: 6005, activity: 5 },
  'datastore.create': { class: 6005, activity: 6 },
  'datastore.delete': { class: 6005, activity: 7 },
} as const

export type OcsfActivityName = keyof typeof ocsfActivities
