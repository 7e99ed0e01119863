import type { IdPlace, Route } from './api-calls.ts'
import type { ObjectName } from './furnished-tenant.ts'

/** What a place in a request means: `POST /users/{id}` has a user there, `approverGroupIds` user groups. */
export const meaningOf = (route: Route, { name }: IdPlace): ObjectName | undefined => {
  if (name === 'id') return owners[route.pattern.split('/')[1] ?? '']
  return meanings[name.replace(/Ids?$/, '')]
}

const owners: Readonly<Record<string, ObjectName>> = {
  users: 'user',
  roles: 'role',
  'user-groups': 'userGroup',
  'access-groups': 'accessGroup',
  requests: 'request',
  devices: 'device',
  credentials: 'credential',
  'strength-profiles': 'strengthProfile',
  custodies: 'custody',
  templates: 'template',
  operations: 'operation',
  sessions: 'session',
  'login-sessions': 'loginSession',
  'api-tokens': 'apiToken',
  me: 'sshKey',
  'audit-destinations': 'auditDestination',
}

const meanings: Readonly<Record<string, ObjectName>> = {
  user: 'user',
  approverUser: 'user',
  ownerUser: 'user',
  actor: 'user',
  role: 'role',
  userGroup: 'userGroup',
  approverGroup: 'userGroup',
  device: 'device',
  credential: 'credential',
  parentCredential: 'credential',
  privilegedCredential: 'credential',
  strengthProfile: 'strengthProfile',
  template: 'template',
  request: 'request',
  session: 'session',
}
