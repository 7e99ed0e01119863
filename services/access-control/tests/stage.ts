import {
  type AccessGroup,
  type AccessGroupDefinition,
  type AccessRequest,
  Action,
  type Grant,
  RequestScope,
  RequestState,
  type Rule,
} from '@sallyport/contracts/access_control/v1/access'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import {
  by,
  type Clients,
  definition,
  type Options,
  type Person,
  type Platform,
  startPlatform,
  target,
} from './fixtures.ts'
import { firstAdministrator, login, newPerson } from './logins.ts'

let count = 0

/** A name that nothing in this file has yet. */
export const unique = (name: string): string => `${name}-${count++}`

type PlatformStage = { readonly platform: Platform; admin: Person }

/** A platform for the tests of a file, and its first administrator. */
const platformStage = (): PlatformStage => {
  let platform: Platform
  let admin: Person
  beforeAll(async () => {
    platform = await startPlatform()
    admin = await firstAdministrator(platform)
  })
  afterAll(() => platform[Symbol.asyncDispose]())
  return {
    get platform() {
      return platform
    },
    get admin() {
      return admin
    },
    set admin(person) {
      admin = person
    },
  }
}

export type DirectoryStage = {
  readonly platform: Platform
  readonly admin: Person
  /** The options of a call by the administrator, whose login is fresh in each test. */
  readonly options: Options
  readonly users: () => Clients['users']
  readonly roles: () => Clients['roles']
}

export const directoryStage = (): DirectoryStage => {
  const stage = platformStage()
  let options: Options
  beforeEach(async () => {
    stage.platform.clock.advance(30_000)
    stage.admin = await login(stage.platform, stage.admin)
    options = await by(stage.platform, stage.admin)
  })
  return {
    get platform() {
      return stage.platform
    },
    get admin() {
      return stage.admin
    },
    get options() {
      return options
    },
    users: () => stage.platform.as('gateway').users,
    roles: () => stage.platform.as('gateway').roles,
  }
}

export const newUser = (userName: string, roleIds: string[] = []) => ({
  userName,
  displayName: '',
  email: '',
  roleIds,
})

/** Ann wants access; Boss and Chief approve it. A test may replace Ann. */
export type AccessStage = {
  readonly platform: Platform
  readonly admin: Person
  ann: Person
  readonly boss: Person
  readonly chief: Person
}

export const accessStage = (): AccessStage => {
  const stage = platformStage()
  let ann: Person
  let boss: Person
  let chief: Person
  beforeAll(async () => {
    const { platform, admin } = stage
    ann = await newPerson(platform, admin, 'ann')
    boss = await newPerson(platform, admin, 'boss')
    chief = await newPerson(platform, admin, 'chief')
  })
  // Everybody's login is fresh in each test, and no access group or open request of an earlier test is left.
  beforeEach(async () => {
    const { platform } = stage
    platform.clock.advance(60_000)
    const people = await Promise.all([stage.admin, ann, boss, chief].map(person => login(platform, person)))
    const [first, second, third, fourth] = people
    if (!first || !second || !third || !fourth) throw new Error('somebody is missing')
    ;[stage.admin, ann, boss, chief] = [first, second, third, fourth]
    platform.targets.list.splice(0, Infinity, root)
    await deleteAccessGroups(platform, await by(platform, stage.admin))
    await cancelOpenRequests(platform, await by(platform, ann))
  })
  return {
    get platform() {
      return stage.platform
    },
    get admin() {
      return stage.admin
    },
    get ann() {
      return ann
    },
    set ann(person) {
      ann = person
    },
    get boss() {
      return boss
    },
    get chief() {
      return chief
    },
  }
}

const deleteAccessGroups = async (platform: Platform, options: Options): Promise<void> => {
  const { accessGroups: client } = platform.as('gateway')
  const { accessGroups } = await client.listAccessGroups({ page: undefined }, options)
  for (const { id, version } of accessGroups) await client.deleteAccessGroup({ id, version }, options)
}

const cancelOpenRequests = async (platform: Platform, options: Options): Promise<void> => {
  const { requests: client } = platform.as('gateway')
  for (const state of [RequestState.PENDING, RequestState.APPROVED]) {
    const { requests } = await client.listRequests(
      { scope: RequestScope.MINE, state, page: undefined },
      options,
    )
    for (const { id, version } of requests) await client.cancelRequest({ id, version }, options)
  }
}

export const root = target()
export const ids = { credentialId: root.credentialId, deviceId: root.deviceId, action: Action.SESSION }
export const vote = { comment: '', start: undefined, end: undefined }

export const noCriteria = {
  deviceName: '',
  deviceAddress: '',
  deviceTags: '',
  deviceType: '',
  deviceSite: '',
  credentialUsername: '',
  credentialTags: '',
  credentialType: '',
  credentialCriticality: '',
}

export const allow = (changes: Partial<Rule> = {}): Rule => ({
  allowed: true,
  justification: false,
  approvals: 0,
  maxWindowSeconds: 0,
  ...changes,
})

type Group = AccessGroup & { definition: AccessGroupDefinition }
type Issued = Grant & { statement: string }
type Versioned = { id: string; version: number }

export type AccessSteps = {
  /** Makes an access group for Ann, with Boss and Chief as approvers. */
  readonly group: (session: Rule, changes?: Partial<AccessGroupDefinition>) => Promise<Group>
  readonly ask: (options: Options, changes?: { justification?: string }) => Promise<AccessRequest>
  readonly grant: (person: Person, action?: Action) => Promise<Issued>
  readonly approve: (person: Person, request: Versioned, changes?: { end?: Date }) => Promise<AccessRequest>
  readonly isGood: (grantId: string) => Promise<boolean>
  readonly whyEnded: (grantId: string) => Promise<string | undefined>
}

/** What the people of a stage do in every test. */
export const accessSteps = (stage: AccessStage): AccessSteps => ({
  group: async (session, changes = {}) => {
    const { platform, admin, ann, boss, chief } = stage
    const { accessGroup } = await platform.as('gateway').accessGroups.createAccessGroup(
      {
        definition: definition({
          name: unique('group'),
          userIds: [ann.id],
          session,
          approverUserIds: [boss.id, chief.id],
          ...changes,
        }),
      },
      await by(platform, admin),
    )
    if (!accessGroup?.definition) throw new Error('no group')
    return { ...accessGroup, definition: accessGroup.definition }
  },
  ask: async (options, changes = {}) => {
    const wanted = { ...ids, justification: 'the web server is down', start: undefined, end: undefined }
    const { requests } = stage.platform.as('gateway')
    const { request } = await requests.createRequest({ ...wanted, ...changes }, options)
    if (!request) throw new Error('no request')
    return request
  },
  grant: async (person, action = Action.SESSION) => {
    const { grants } = stage.platform.as('session-proxy')
    const wanted = { ...ids, action, sourceAddress: '192.0.2.9' }
    const answer = await grants.issueGrant(wanted, await by(stage.platform, person))
    if (!answer.grant) throw new Error('no grant')
    return { ...answer.grant, statement: answer.statement }
  },
  approve: async (person, { id, version }, changes = {}) => {
    const { requests } = stage.platform.as('gateway')
    const options = await by(stage.platform, person)
    const { request } = await requests.approveRequest({ ...vote, id, version, ...changes }, options)
    if (!request) throw new Error('no request')
    return request
  },
  isGood: async id => (await checkGrant(stage, id)).goodGrantIds.includes(id),
  whyEnded: async id => (await checkGrant(stage, id)).endedReasons[id],
})

const checkGrant = ({ platform, ann }: AccessStage, grantId: string) =>
  platform.as('vault').grants.checkGrants({ tenantId: ann.tenantId, grantIds: [grantId] })
