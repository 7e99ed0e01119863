import type { Target } from '@sallyport/access-control/domain/criteria'
import type { Outcome } from '@sallyport/access-control/domain/decision'
import { createPolicies } from '@sallyport/access-control/store/policies'
import type { Tx } from '@sallyport/access-control/store/store'

/** A tenant as large as wanted, in numbers: users, groups and targets are made of their numbers when asked for. */
export type Size = { readonly users: number; readonly groups: number; readonly credentials: number }

export type Question = { readonly user: number; readonly target: Target }

/** Access groups that hold each user. */
export const groupsEach = 5

/** Spreads numbers evenly, in every bit (the finaliser of MurmurHash3). */
const hash = (number: number): number => {
  const first = Math.imul(number ^ (number >>> 16), 2246822507)
  const second = Math.imul(first ^ (first >>> 13), 3266489909)
  return (second ^ (second >>> 16)) >>> 0
}

/** The groups of a user, the same ones each time. */
export const groupsOf = (user: number, { groups }: Pick<Size, 'groups'>): number[] =>
  Array.from({ length: groupsEach }, (_, place) => hash(user * groupsEach + place + 1) % groups)

/** A credential on a device that belongs to one team; every second one has a username that the groups let through. */
export const targetOf = (credential: number, team: number): Target => ({
  credentialId: `credential-${credential}`,
  deviceId: `device-${credential}`,
  username: credential % 2 === 0 ? `adm-${credential}` : `svc-${credential}`,
  domain: '',
  credentialType: 'local-admin',
  credentialTags: ['linux'],
  criticality: 'high',
  deviceName: `web-${credential}`,
  deviceAddress: '10.0.0.1',
  deviceType: 'linux-server',
  deviceSite: 'berlin',
  deviceTags: [`team-${team}`, 'prod'],
})

/** Somebody and something, in every second question of a team that one of his groups is for. */
export const questionOf = (number: number, size: Size): Question => {
  const user = hash(number) % size.users
  const [first = 0] = groupsOf(user, size)
  const team = number % 2 === 0 ? first : hash(number + 7) % size.groups
  return { user, target: targetOf(hash(number + 13) % size.credentials, team) }
}

const rule = { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 28_800 }

const criteria = {
  deviceName: '',
  deviceAddress: '',
  deviceType: '',
  deviceSite: '',
  credentialUsername: 'root,adm-*',
  credentialTags: '',
  credentialType: '',
  credentialCriticality: '',
}

const rowOf = (group: number, user: string) => ({
  id: `group-${String(group).padStart(6, '0')}`,
  name: `Team ${group}`,
  criteria: { ...criteria, deviceTags: `team-${group}` },
  view_rule: rule,
  session_rule: rule,
  user_ids: [user],
  user_group_ids: [],
  approver_user_ids: [],
  approver_group_ids: [],
})

/** Stands in for the transaction: the stamp at once, and the groups of whom it is asked for. */
const fakeTx = (size: Size): Tx => {
  const query = async (text: string, userId?: unknown): Promise<unknown[]> => {
    if (text.includes('policy_stamps')) return [{ stamp: 'as it was' }]
    const user = Number(String(userId).slice('user-'.length))
    return [...new Set(groupsOf(user, size))].map(group => rowOf(group, `user-${user}`))
  }
  // Policies ask for nothing else of a transaction.
  return { $queryRawUnsafe: query } as unknown as Tx
}

export type World = {
  readonly decide: (question: Question) => Promise<Outcome>
  /** Reads every user's groups once, as the first decision for each does. */
  readonly warm: () => Promise<void>
}

/** What decides in production, on a tenant that was made up. */
export const openWorld = (size: Size): World => {
  const policies = createPolicies()
  const tx = fakeTx(size)
  const userOf = (user: number) => ({ id: `user-${user}`, userName: `user-${user}` })
  return {
    decide: async ({ user, target }) => (await policies.of(tx, userOf(user)))(target, 'session').outcome,
    warm: async () => {
      for (let user = 0; user < size.users; user += 1) await policies.of(tx, userOf(user))
    },
  }
}
